import CZeroMQ

/// CURVE (RFC 26). What is set here holds for the endpoints that are bound or connected to afterwards.
extension ZeroMQSocket {
  /// Clients must own a key that the gatekeeper of this context admits.
  func guardWithCurve(_ pair: KeyPair) {
    knowsUsers = true
    set(ZMQ_CURVE_SERVER, 1)
    set(ZMQ_CURVE_SECRETKEY, bytes: pair.secret)
    set(ZMQ_ZAP_DOMAIN, bytes: Array(Gatekeeper.domain.utf8))
    // Without a gatekeeper nobody may come in, instead of everybody.
    set(ZMQ_ZAP_ENFORCE_DOMAIN, 1)
  }

  /// Speaks with nobody but the owner of `keys.coordinator`.
  func useCurve(_ keys: WorkerKeys) {
    set(ZMQ_CURVE_SERVERKEY, bytes: keys.coordinator.bytes)
    set(ZMQ_CURVE_PUBLICKEY, bytes: keys.pair.publicKey.bytes)
    set(ZMQ_CURVE_SECRETKEY, bytes: keys.pair.secret)
  }
}

import Crypto
import Foundation
import NocturneWire

func sha256Bytes(_ bytes: some DataProtocol) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

/// Lower-case hexadecimal.
func sha256(_ data: Data) -> String { hexadecimal(SHA256.hash(data: data)) }

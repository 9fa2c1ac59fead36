package import Foundation
package import NocturneFarm
import NocturneManifest
package import NocturneWire

/// The coordinator's shell: one thread that owns link, journal, store and the state, and does what the state says.
///
/// Every cycle takes in what has arrived, commits all records that the state wants in one transaction, carries out the
/// rest, and gives all complete artifacts to the store's thread, which takes them through the disk together; the slower the
/// disk, the larger the groups.
package final class Coordinator {
  package struct Options {
    package var policy = FarmPolicy()
    package var inspector: ArtifactInspection?
    /// False keeps the journal in memory only: the run cannot be continued (benchmarks).
    package var keepsJournal = true
    /// Between two `RunEvent.progress`, and two writings of `status.json`; infinity for none.
    package var progressSeconds = 1.0
    /// How long the last messages may take to leave.
    package var lingerSeconds = 2.0
    /// Of one grant, about: items whose captions are longer together go out in several.
    package var grantBytes = WireLimits.coordinatorEnvelopeBytes / 2
    /// What the caller has to say in `run.json`: one JSON object, its keys beside ours.
    package var document = Data("{}".utf8)
    package var fault: FaultInjection?

    package init() {}
  }

  package let directory: RunDirectory
  /// Asks the run to stop, from any thread: once to drain, twice to stop now.
  package let stop: StopSignal
  let options: Options
  let record: RunRecord
  let items: any ItemSource
  let sources: Sources
  let rejected: [RejectedRow]
  let link: any CoordinatorLink
  let observer: (RunEvent) -> Void

  let journal: SQLiteJournal
  let store: OutputStore
  let metadata: LineFile
  let errors: LineFile
  let opening: SQLiteJournal.Opening
  let isResumed: Bool
  /// Of the run; without one of its own it is that of the first result.
  var modelFingerprint: String?
  var state: CoordinatorState
  var random = SeededGenerator(seed: UInt64.random(in: .min ... .max))
  /// What the state wants done, oldest first.
  var queue: [CoordinatorInstruction] = []
  /// Acknowledgements on their way.
  var acknowledged: [WorkerID: [Lease]] = [:]
  var wake = FarmInstant(nanoseconds: .max)
  var nextProgress = FarmInstant.zero
  var stopsHandled = 0
  /// `RunEvent.closing` is said.
  var isClosing = false
  var verdict: Verdict?
  /// Open while the run is at work.
  private(set) var desk: ControlDesk?
  private let lock: FileLock
  private let startDate = Date()

  /// Takes the directory, opens the journal, and checks that both are this run's.
  /// - Parameters:
  ///   - items: every item of the manifest, the same as in an earlier life of this run.
  ///   - rejected: rows that are no items.
  ///   - link: bound already; closed when the run ends.
  ///   - stop: made on the waker that the link waits on.
  ///   - lock: the directory's, where the caller has prepared and taken it.
  /// - Throws: `RunError`.
  package init(
    directory: RunDirectory, record: RunRecord, items: any ItemSource, rejected: [RejectedRow] = [],
    link: any CoordinatorLink, stop: StopSignal, lock: FileLock? = nil, options: Options = Options(),
    observer: @escaping (RunEvent) -> Void = { _ in }
  ) throws {
    self.directory = directory
    self.record = record
    let sources = Sources(items)
    self.sources = sources
    self.items = items
    self.rejected = rejected
    self.link = link
    self.stop = stop
    self.options = options
    self.observer = observer
    if lock == nil { try directory.prepare() }
    self.lock = try lock ?? directory.takeLock()
    journal = try SQLiteJournal(options.keepsJournal ? directory.journal : ":memory:")
    isResumed = try journal.opening() != nil
    opening = try journal.open(record, items: items.count, directory: directory)
    modelFingerprint = record.modelFingerprint ?? opening.record.modelFingerprint
    state = CoordinatorState(
      run: RunIdentity(name: opening.name, modelFingerprint: modelFingerprint), policy: options.policy)
    do throws(FileFault) {
      metadata = try LineFile(directory.metadata)
      errors = try LineFile(directory.errors)
    } catch {
      throw RunError(.unwritable, directory.path, "cannot write the run directory: \(error)")
    }
    let inspector = options.inspector
    store = OutputStore(
      directory: directory,
      examine: inspector.map { inspect in
        { path, receipt in try sources.examine(path, receipt, with: inspect) }
      }, fault: options.fault, waker: stop.waker)
  }

  /// Runs until everything is done or dead, or until it was asked to stop. Blocks; called once.
  /// - Throws: `JournalFault`, `FileFault` for what no waiting mends; what an item source or a link throws.
  package func run() throws -> Verdict {
    try start()
    desk = try ControlDesk(path: directory.controlSocket(), waking: stop.waker)
    defer { desk?.close() }
    while verdict == nil { try cycle() }
    guard let verdict else { preconditionFailure("run: ended without a verdict") }
    try end(verdict)
    return verdict
  }

  private func cycle() throws {
    try receive()
    let now = FarmInstant.now
    while stopsHandled < stop.count {
      stopsHandled += 1
      handle(.stopRequested)
    }
    try attend()
    // Nobody is judged by words that were not read yet.
    if now >= wake, store.hasRoom {
      wake = FarmInstant(nanoseconds: .max)
      handle(.timePassed)
    }
    for outcome in try store.outcomes() {
      switch outcome {
      case .stored(let receipt, let worker): handle(.artifactStored(receipt, from: worker))
      case .rejected(let receipt, let reason, let worker):
        handle(.artifactRejected(receipt, reason: reason, from: worker))
      case .fell(let receipt, let message, let worker):
        handle(.storageFell(receipt, message: message, from: worker))
      }
    }
    for line in (link as? ZeroMQCoordinatorLink)?.takeRefusals() ?? [] { observer(.strangerRefused(line)) }
    try perform()
    store.settle()
    if now >= nextProgress { tellProgress(now) }
  }

  /// Takes in what has arrived; waits only when there is nothing else to do.
  private func receive() throws {
    let hasRoom = store.hasRoom
    var timeout = 0.0
    if queue.isEmpty, !store.isReady, stopsHandled == stop.count {
      timeout = max(0, (hasRoom ? min(wake, nextProgress) : nextProgress).seconds(since: .now))
    }
    guard hasRoom else {
      if timeout > 0 { _ = stop.waker.wait(seconds: timeout) }
      return
    }
    for _ in 0..<Self.messagesPerCycle {
      guard let (worker, message) = try link.receive(timeoutSeconds: timeout) else { return }
      timeout = 0
      if case .chunk(let lease, let offset, let data) = message {
        try send(store.add(data, at: offset, of: lease, from: worker))
        // A sign of life; the bytes are not the state's business.
        handle(.messageReceived(.chunk(lease, offset: offset, Data()), from: worker))
      } else {
        handle(.messageReceived(message, from: worker))
      }
    }
  }

  /// Outcomes and commits have their turn in between.
  private static let messagesPerCycle = 256

  func handle(_ event: CoordinatorEvent) {
    queue += state.handle(event, now: .now, using: &random)
  }

  func send(_ wishes: [OutputStore.Wish]) throws {
    for wish in wishes {
      _ = try link.send(.fetch(wish.lease, offset: wish.offset, length: wish.length), to: wish.worker)
    }
  }

  private func tellProgress(_ now: FarmInstant) {
    nextProgress = now + options.progressSeconds
    let progress = progress
    observer(.progress(progress))
    // For `status`; not worth a word when it fails.
    try? Directory.replace(
      directory.status, with: LiveStatus(progress, run: opening.name).data(), durable: false)
  }

  package var progress: RunProgress {
    RunProgress(
      counts: state.counts, workers: state.workers, collecting: state.collecting, isPaused: state.isPaused,
      rejectedRows: rejected.count, droppedMessages: (link as? ZeroMQCoordinatorLink)?.dropped.total ?? 0)
  }

  private func end(_ verdict: Verdict) throws {
    store.close()
    // Also what nobody wants any more: its audio is taken away.
    _ = try? store.outcomes()
    let recorded = Result { try record(verdict) }
    // Whatever the disk says, workers hear that it is over, and nobody is waited for in the next life.
    desk?.close()
    try? journal.endLife()
    (link as? ZeroMQCoordinatorLink)?.close(lingerSeconds: options.lingerSeconds)
    try? Directory.remove(directory.status)
    try recorded.get()
    observer(.finished(verdict))
  }

  /// Writes the verdict down when the lines that it speaks of are on the disk.
  private func record(_ verdict: Verdict) throws {
    func write() throws {
      try metadata.sync()
      try errors.sync()
      try writeDocument(verdict)
    }
    if try !persist(write) { try write() }
  }

  func writeDocument(_ verdict: Verdict?) throws {
    let document = try RunDocument(
      caller: options.document, opening: opening, record: record, modelFingerprint: modelFingerprint,
      counts: state.counts, rejectedRows: rejected.count, started: startDate, verdict: verdict)
    try Directory.replace(directory.document, with: document.data)
  }
}

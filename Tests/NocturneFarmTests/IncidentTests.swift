import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// What somebody is woken for: once for each incident.
@Suite struct IncidentTests {
  @Test func aRunWithoutAWorkerIsStuckAndSaysSoOnce() {
    var table = Table.open(items: 2)
    table.pass(899)
    #expect(table.notices.isEmpty)
    table.pass(1)
    #expect(table.notices == [.runStuck(seconds: 900, why: "no worker is connected")])
    table.pass(10_000)
    #expect(table.notices.isEmpty)
  }

  @Test func whateverEndsIsProgressAndANewStandstillIsANewIncident() {
    var table = Table.open(items: 3)
    table.pass(600)
    table.join("a", credit: 1)
    table.finish(lease(1, token: 1), "a")
    table.pass(10)
    table.say(.goodbye, "a")
    table.pass(880)
    #expect(table.notices.isEmpty, "900 s after the start, and not after the last item")
    table.pass(20)
    #expect(table.notices == [.runStuck(seconds: 900, why: "no worker is connected")])
    table.handle(.orderReceived(.cancel(.named([table.key(3).description])), from: OrderTicket(1)))
    table.pass(900)
    #expect(table.notices.count == 1)
  }

  @Test func aPausedRunIsNotStuck() {
    var table = Table.open(items: 2)
    table.handle(.orderReceived(.pause, from: OrderTicket(1)))
    table.pass(5000)
    #expect(table.notices.isEmpty)
    table.handle(.orderReceived(.resume, from: OrderTicket(1)))
    table.pass(900)
    #expect(table.notices.count == 1)
  }

  @Test func aFullDiskIsOneIncidentUntilThereIsRoomAgain() {
    var watch = IncidentWatch(diskLowBytes: 100 << 20)
    #expect(watch.take(.runPaused(seconds: 10, message: "no space"))?.kind == .diskLow)
    #expect(watch.take(.runResumed) == nil)
    #expect(watch.take(.runPaused(seconds: 20, message: "no space")) == nil)
    #expect(watch.measure(freeBytes: 150 << 20) == nil, "some room is not yet enough")
    #expect(watch.diskIsFull("no space") == nil)
    #expect(watch.measure(freeBytes: 200 << 20) == nil)
    #expect(
      watch.measure(freeBytes: 99 << 20) == Incident(.diskLow, "99 MiB are left on the run directory's disk"))
  }

  @Test func aWorkerIsReportedOncePerQuarantine() {
    var watch = IncidentWatch(diskLowBytes: 0)
    let worker = WorkerID("a")
    #expect(watch.take(.workerQuarantined(worker, reason: "it fails"))?.kind == .quarantined)
    #expect(watch.take(.workerQuarantined(worker, reason: "it fails")) == nil)
    #expect(watch.take(.workerQuarantined(WorkerID("b"), reason: "it fails"))?.kind == .quarantined)
    #expect(watch.take(.workerReturned(worker)) == nil)
    #expect(watch.take(.workerQuarantined(worker, reason: "it fails"))?.kind == .quarantined)
    #expect(watch.take(.draining) == nil)
  }
}

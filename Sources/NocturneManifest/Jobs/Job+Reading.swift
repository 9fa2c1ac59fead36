extension Job {
  /// Reads a job file.
  /// - Throws: `JobError`, with the line and column of the key at fault.
  package static func read(path: String, limits: RenderLimits = RenderLimits()) throws(JobError) -> Job {
    fatalError("Job.read: under construction")
  }

  /// Whether the file at `path` is a job rather than a manifest: by its content, a line that begins with `manifest:`.
  package static func isJob(path: String) -> Bool {
    fatalError("Job.isJob: under construction")
  }
}

/// A network made a number that is none, or is infinite: its weights have diverged, or the machine is faulty. What is
/// drawn or looked up from such numbers would pass for music.
package struct NotFiniteError: Error, Hashable, CustomStringConvertible {
  /// One line: which number.
  package let description: String

  package init(_ number: String) { description = "\(number) is not finite" }
}

/** What a device says is wrong, whatever it throws. */
export function messageOf(problem: unknown): string {
  return typeof problem === 'object' && problem !== null && 'message' in problem
    ? String(problem.message)
    : String(problem)
}

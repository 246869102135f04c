export interface Change {
  readonly files: readonly string[]
  readonly before: (file: string) => string | undefined
}

export function changeSince(ref: string, root?: string): Change
export function testsOf(change: Change, root?: string): string[] | undefined

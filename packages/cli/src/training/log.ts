import { appendFileSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { MobileOneError } from '@mobileone/core'

/** A log of JSON lines. */
export interface JsonLines {
  write(entry: object): void
  /** All entries so far, those of earlier runs included. */
  entries(): readonly object[]
  close(): void
}

/** Lines are appended as they come; `resume` keeps those before `step`, otherwise the file is begun anew. */
export function openLog(path: string | undefined, keepUntilStep: number): JsonLines {
  const kept =
    path === undefined || keepUntilStep === 0
      ? []
      : readLines(path).filter((entry) => stepOf(entry) <= keepUntilStep)
  const all: object[] = [...kept]
  let file: number | undefined
  if (path !== undefined) {
    try {
      writeFileSync(path, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
      file = openSync(path, 'a')
    } catch (cause) {
      throw new MobileOneError(
        'invalid-argument',
        `cannot write the log ${path}: ${(cause as Error).message}`,
        { cause },
      )
    }
  }
  return {
    write(entry) {
      all.push(entry)
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(entry)}\n`)
    },
    entries: () => all,
    close() {
      if (file !== undefined) closeSync(file)
      file = undefined
    },
  }
}

function stepOf(entry: object): number {
  const { step } = entry as { step?: unknown }
  return typeof step === 'number' ? step : 0
}

/** The entries of a log; a last line cut short, as a killed run leaves it, is left out. */
function readLines(path: string): object[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap((line): object[] => {
    try {
      const entry: unknown = JSON.parse(line)
      return typeof entry === 'object' && entry !== null ? [entry] : []
    } catch {
      return []
    }
  })
}

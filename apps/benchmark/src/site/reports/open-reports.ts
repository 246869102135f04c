import { MobileOneError } from '@mobileone/core'
import { parseReport } from '@mobileone/measure'
import { keepReport } from '../state/reports.ts'

/** What became of one that was to be opened. */
export type OpenedReport =
  | { readonly ok: true; readonly name: string; readonly id: number }
  | { readonly ok: false; readonly name: string; readonly reason: string }

/** Bytes; what `parseReport` would refuse is not read into memory first. */
const mostBytes = 64_000_000

/** Open files of reports, and keep them. */
export function openFiles(files: readonly File[]): Promise<OpenedReport[]> {
  return Promise.all(
    files.map((file) =>
      open(file.name, async () => {
        if (file.size > mostBytes) {
          throw new MobileOneError(
            'invalid-file',
            `the file has ${(file.size / 1e6).toFixed(0)} MB, and reports have at most ${mostBytes / 1e6} MB`,
          )
        }
        return file.text()
      }),
    ),
  )
}

/** Open the text of a report, as it was copied. */
export function openText(text: string): Promise<OpenedReport> {
  return open('Pasted report', async () => text)
}

async function open(name: string, read: () => Promise<string>): Promise<OpenedReport> {
  try {
    return { ok: true, name, id: keepReport(parseReport(await read()), name) }
  } catch (error) {
    return { ok: false, name, reason: (error as Error).message }
  }
}

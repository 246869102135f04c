import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { MobileOneError } from '@mobileone/core'
import { writePlaces } from '@mobileone/testkit'

/** Where reports are written. */
export const reliabilityDocument = 'docs/reliability.md'

/**
 * Fill the places of `kind` in the Markdown file `path`.
 * @throws MobileOneError `invalid-file` for a file that cannot be read or has no such place.
 */
export function writeReport(path: string, kind: string, write: (name: string) => string | undefined): void {
  writePlaces(path, { kind, what: 'it', example: 'NAME' }, write)
}

/** The reports in `paths`, each of `kind`. @throws MobileOneError `invalid-file`. */
export function readReports<Report extends { readonly kind: string }>(
  paths: string,
  kind: Report['kind'],
): Report[] {
  return paths.split(',').map((path) => {
    let report: Report
    try {
      report = JSON.parse(readFileSync(path, 'utf8'))
    } catch (cause) {
      throw new MobileOneError('invalid-file', `cannot read ${path}: ${(cause as Error).message}`, { cause })
    }
    if (report?.kind !== kind) throw new MobileOneError('invalid-file', `${path} is no report of ${kind}`)
    return report
  })
}

/** Write a report so that it is there whole or not at all. */
export function keepReport(path: string, report: object): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.tmp`, `${JSON.stringify(report, undefined, 1)}\n`)
  renameSync(`${path}.tmp`, path)
}

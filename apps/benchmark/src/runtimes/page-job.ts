import { basename } from 'node:path'
import type { Subject } from '@mobileone/measure'
import type { SubjectFiles } from '@mobileone/measure/node'
import type { Entry } from '../lineup.ts'
import type { PageJob } from '../site/contender-page.ts'

/** What a page is told to measure `entry`; the server has `files` under `/models/`. */
export function pageJob(entry: Entry, subject: Subject, files: SubjectFiles, threads: number): PageJob {
  const address = (path: string): string => `/models/${basename(path)}`
  return {
    contender: entry.module ?? entry.name,
    threads,
    source: address(files.model(subject, entry.format)),
    format: entry.format,
    input: address(files.input(subject)),
    inputShape: subject.input.shape,
    layout: entry.layout,
    photographs: files.photographs(subject).map(address),
  }
}

import { checkHead } from './check-head.ts'
import { Head } from './head.ts'
import { isReport } from './is-report.ts'
import { readFile } from './read-file.ts'
import { headKey } from './write-head.ts'

/**
 * The head in a file that `head.toBytes()` made.
 * @throws MobileOneError `invalid-file` for any other bytes.
 */
export function loadHead(bytes: Uint8Array): Head {
  const { labels, backbone, rest, tensor } = readFile(bytes, headKey, 'a head')
  const data = {
    labels: labels ?? [],
    weight: tensor('weight', 2).data,
    bias: tensor('bias', 1).data,
    backbone,
    ...(isReport(rest.report) && { report: rest.report }),
  }
  checkHead(data, 'invalid-file')
  return new Head(data)
}

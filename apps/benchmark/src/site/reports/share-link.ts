import { type Report, summaryOf, summaryToText } from '@mobileone/measure'

/** An address of this site that holds the figures of a report, without its samples. */
export async function shareLink(report: Report, site: string = location.href): Promise<string> {
  const address = new URL(site)
  address.search = ''
  address.hash = `shared/${await summaryToText(summaryOf(report))}`
  return address.href
}

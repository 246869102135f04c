// By its path: Vite's configuration imports this, and leaves packages to Node, which may not read TypeScript.
import { pageHeaders } from '../../../packages/site-kit/src/page-headers.ts'

/**
 * The headers of a file of the site. A contender's page also runs the scripts that foreign runtimes make for their threads; it holds
 * nothing but that contender. The workload is measured by the pages of others, which show it in a frame and read its list of suites.
 */
export function headersOf(file: string): Record<string, string> {
  if (file === 'workload.html') return pageHeaders({ framed: true })
  if (file === 'suites.json') return { ...pageHeaders({ framed: true }), 'Access-Control-Allow-Origin': '*' }
  return pageHeaders(
    /^(contender|camera|start|download)\.html$/.test(file)
      ? { madeScripts: true, camera: true }
      : { frames: true },
  )
}

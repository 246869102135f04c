// By its path: Vite's configuration imports this, and leaves packages to Node, which may not read TypeScript.
import { pageHeaders } from '../../../packages/site-kit/src/page-headers.ts'

/**
 * The headers of a file of the site. A contender's page also runs the scripts that foreign runtimes make for their threads; it holds
 * nothing but that contender.
 */
export function headersOf(file: string): Record<string, string> {
  return pageHeaders(
    /^contender\.html$|^camera\.html$/.test(file) ? { madeScripts: true, camera: true } : { frames: true },
  )
}

// By its path: Vite's configuration imports this, and leaves packages to Node, which may not read TypeScript.
import { pageHeaders } from '../../../packages/site-kit/src/page-headers.ts'

/** Where published weights are downloaded from, when a visitor asks for them; the last two are where the hub redirects to. */
const weightHosts = ['https://huggingface.co', 'https://*.huggingface.co', 'https://*.hf.co'] as const

/** The headers that every file of the page is sent with. */
export function securityHeaders(): Record<string, string> {
  return pageHeaders({ connect: weightHosts, camera: true })
}

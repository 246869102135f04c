import type { Plugin } from 'vite'
import { securityHeaders } from '../src/security-headers.ts'

/** The page's policy in the page itself, for hosts that send files without headers. Only a header can say who may frame the page. */
export function ownPolicy(): Plugin {
  return {
    name: 'own-policy',
    apply: 'build',
    transformIndexHtml(html) {
      const policy = securityHeaders()['Content-Security-Policy'] as string
      const content = policy.replace(/; frame-ancestors [^;]*/, '')
      // Before anything that it rules.
      return html.replace(
        '<meta charset="utf-8">',
        (charset) => `${charset}\n<meta http-equiv="Content-Security-Policy" content="${content}">`,
      )
    },
  }
}

import type { Plugin } from 'vite'

/**
 * The policy of a page in the page itself, for hosts that send files without headers; `headersOf` gives those of a page by its file's
 * name. Only a header can say who may frame the page.
 */
export function ownPolicy(headersOf: (file: string) => Readonly<Record<string, string>>): Plugin {
  return {
    name: 'own-policy',
    apply: 'build',
    transformIndexHtml(html, { path }) {
      const policy = headersOf(path.slice(path.lastIndexOf('/') + 1))['Content-Security-Policy'] as string
      const content = policy.replace(/; frame-ancestors [^;]*/, '')
      // Before anything that it rules.
      return html.replace(
        /<meta charset="utf-8"( \/)?>/,
        (charset) => `${charset}\n<meta http-equiv="Content-Security-Policy" content="${content}">`,
      )
    },
  }
}

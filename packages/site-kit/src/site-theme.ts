import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

/** `theme.js` beside the page, which takes it by `<script vite-ignore src="./theme.js">`: the chosen theme, before the first paint. */
export function siteTheme(): Plugin {
  const source = readFileSync(new URL('theme.js', import.meta.url), 'utf8')
  return {
    name: 'site-theme',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'theme.js', source })
    },
    configureServer({ middlewares }) {
      middlewares.use('/theme.js', (_, response) => {
        response.setHeader('Content-Type', 'text/javascript').end(source)
      })
    },
  }
}

/** `npm run docs`: the documentation as a site in `apps/docs/dist`; a dead link fails. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkNode, install, root, sh } from './bootstrap.mjs'

const usage = `npm run docs [-- --serve]

Writes the API reference from the docstrings and the site from the guides, READMEs and that reference into
apps/docs/dist. A link to a page or to a file of the sources that is not there is an error.

  --serve   then serve it on http://127.0.0.1:4174
  --help    print this

DOCS_BASE=/path/ is where on its host the site will lie (default /); VITE_DEMO=../demo/ embeds the demo, served there, in
the gallery.`

const folder = join(root, 'apps/docs')
const vitepress = (...given) => sh(join(folder, 'node_modules/.bin/vitepress'), given)

const { values } = parseArgs({
  options: {
    serve: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) console.log(usage)
else {
  checkNode()
  install()
  sh(process.execPath, [join(folder, 'api.mjs')])
  vitepress('build', folder)
  if (values.serve) vitepress('preview', folder, '--host', '127.0.0.1', '--port', '4174')
}

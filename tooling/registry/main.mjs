/** Keeps a registry with the packed packages open until it is interrupted: `npm run registry`. */
import { parseArgs } from 'node:util'
import { build, checkNode, install } from '../bootstrap.mjs'

const help = `usage: npm run registry

Packs the published packages of this working tree and serves them on a free port of this machine, with all other
packages from the registry that npm is configured with. Tells how an empty folder installs from it. Ctrl-C ends it
and removes what it kept.`

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(help)
} else {
  checkNode()
  install()
  build()
  const { openRegistry } = await import('./open-registry.mjs')
  console.error('packing …')
  const { url, packages, close } = await openRegistry()
  const versions = packages.map(({ name, version }) => `  ${name}@${version}`).sort()
  console.log(`${versions.join('\n')}

are served at ${url} until Ctrl-C. In an empty folder:

  echo 'registry=${url}' > .npmrc
  npm init -y
  npm install @mobileone/sdk
`)
  const end = async () => {
    await close()
    process.exit()
  }
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
}

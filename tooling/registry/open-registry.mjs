/**
 * A registry on this machine that has the published packages as they would be published now, and asks the configured registry for all
 * others. Not responsible for installing and building: packages are packed as they lie there.
 */
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publish } from 'libnpmpublish'
import { root } from '../bootstrap.mjs'
import { publishedPackages } from '../manifests.mjs'
import { packAll } from '../pack.mjs'

/** Pack all published packages and serve them; `close` ends the registry and removes what it kept. */
export async function openRegistry() {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'mobileone-registry-'))
  let server
  const close = async () => {
    await server?.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const names = publishedPackages().map(({ manifest }) => manifest.name)
    server = await startServer(configuration(join(folder, 'storage'), names))
    const packages = await Promise.all(
      packAll(join(folder, 'tarballs')).map((tarball) => publishTarball(tarball, server.url)),
    )
    return { url: server.url, packages, npmrc: npmrc(server.url, names), close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * The lines of an `.npmrc` that take the scoped packages of this project from the registry at `url`, and all others from where
 * they come from anyway, so that npm's cache serves them.
 */
function npmrc(url, names) {
  const scopes = new Set(names.filter((name) => name.startsWith('@')).map((name) => name.split('/')[0]))
  return [...scopes].map((scope) => `${scope}:registry=${url}\n`).join('')
}

function configuration(storage, names) {
  const own = { access: '$all', publish: '$all' }
  return {
    storage,
    self_path: storage,
    web: { enable: false },
    auth: {},
    log: { type: 'stdout', format: 'pretty', level: 'error' },
    max_body_size: '100mb',
    uplinks: { configured: { url: npmConfig('registry'), timeout: '60s', maxage: '1h', ...proxies() } },
    packages: {
      ...Object.fromEntries(names.map((name) => [name, own])),
      '**': { access: '$all', proxy: 'configured' },
    },
  }
}

/** npm's value of a setting, for this repository. */
function npmConfig(key) {
  const value = execFileSync('npm', ['config', 'get', key], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  }).trim()
  return value === 'null' || value === 'undefined' ? undefined : value
}

function proxies() {
  const [http, https] = [npmConfig('proxy'), npmConfig('https-proxy')]
  return { ...(http && { http_proxy: http }), ...(https && { https_proxy: https }) }
}

async function startServer(settings) {
  const child = fork(fileURLToPath(new URL('serve-registry.mjs', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let complaints = ''
  child.stderr.on('data', (part) => {
    complaints += part
  })
  const exited = once(child, 'exit')
  const close = async () => {
    child.kill()
    await exited
  }
  child.send(settings)
  const { port, error } = await Promise.race([
    once(child, 'message').then(([message]) => message),
    exited.then(([code]) => ({ error: `it ended with ${code}: ${complaints.trim()}` })),
  ])
  if (port === undefined) {
    await close()
    throw new Error(`the registry did not start: ${error}`)
  }
  return { url: `http://127.0.0.1:${port}/`, close }
}

async function publishTarball(tarball, url) {
  const manifest = JSON.parse(
    execFileSync('tar', ['xzOf', tarball, 'package/package.json'], { encoding: 'utf8' }),
  )
  await publish(manifest, readFileSync(tarball), { registry: url, access: 'public', defaultTag: 'latest' })
  return { name: manifest.name, version: manifest.version }
}

/**
 * Installs the packed packages into an empty project with one package manager, as a user would, and uses them: every package that
 * can be imported is, a network runs on the default backend, and the command line profiles one.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../bootstrap.mjs'
import { publishedPackages } from '../manifests.mjs'
import { openRegistry } from './open-registry.mjs'

const scripts = { use: 'node use.mjs', inspect: 'mobileone inspect s0 --json' }

/** By name: the program, the arguments that install, and those that run a script of package.json. */
const managers = {
  npm: {
    program: ['npm'],
    install: ['install', '--no-audit', '--no-fund'],
    script: ['run', '--silent'],
  },
  pnpm: {
    program: [join(root, 'node_modules/.bin/pnpm')],
    install: ['install', '--no-frozen-lockfile'],
    script: ['--silent', 'run'],
  },
  yarn: {
    // The yarn that most have; its later lines read no .npmrc.
    program: ['npx', '--yes', 'yarn@1.22.22'],
    install: ['install', '--non-interactive'],
    script: ['--silent', 'run'],
  },
}

const help = `usage: node tooling/registry/try-install.mjs ${Object.keys(managers).join('|')}

Packs the packages as they are built, serves them on a free port of this machine, installs them into an empty project
and uses them.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h' },
  },
})
const [name] = positionals
if (values.help) {
  console.log(help)
} else if (!Object.hasOwn(managers, name ?? '')) {
  console.error(help)
  process.exitCode = 1
} else {
  try {
    console.log(await tryInstall(name))
  } catch (error) {
    console.error(`${name}: ${error.message}`)
    if (error.stdout) console.error(error.stdout.trim())
    process.exitCode = 1
  }
}

/** What was installed and used, in a line. */
async function tryInstall(name) {
  const { program, install, script } = managers[name]
  const project = mkdtempSync(join(realpathSync(tmpdir()), 'mobileone-install-'))
  let registry
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_|^CI$/i.test(key)))
  const run = (args) =>
    execFileSync(program[0], [...program.slice(1), ...args], {
      cwd: project,
      encoding: 'utf8',
      env,
      maxBuffer: 2 ** 26,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    })
  try {
    registry = await openRegistry()
    const own = publishedPackages().map(({ manifest }) => manifest)
    const dependencies = {
      ...Object.fromEntries(registry.packages.map((each) => [each.name, each.version])),
      ...Object.assign({}, ...own.map(neededPeers)),
    }
    writeFileSync(join(project, '.npmrc'), `registry=${registry.url}\n`)
    const manifest = { name: 'empty', version: '1.0.0', private: true, type: 'module', scripts, dependencies }
    writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
    const imported = own.filter(({ exports }) => exports?.['.']).map((each) => each.name)
    writeFileSync(join(project, 'use.mjs'), use(imported))
    run(install)
    run([...script, 'use'])
    const { deploy } = JSON.parse(run([...script, 'inspect']))
    if (!(deploy.params > 2e6)) throw new Error(`mobileone inspect s0 counts ${deploy.params} weights`)
    return `${own.length} packages installed, ${imported.length} imported, a network and the command line run`
  } finally {
    await registry?.close()
    rmSync(project, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A program that imports `names`, and runs a random S0 on the default backend. */
function use(names) {
  return `${names.map((name) => `await import(${JSON.stringify(name)})`).join('\n')}
const { initialize, mobileone, reparameterize, tensor, variants } = await import('@mobileone/core')
const { wasm } = await import('@mobileone/backend-wasm')
const network = initialize(mobileone(variants.s0, { form: 'train' }), { seed: 1 })
const executor = await wasm().compile(reparameterize(network))
const image = tensor([1, 3, 224, 224], new Float32Array(3 * 224 * 224).fill(0.5))
const { logits } = await executor.run({ image })
if (logits.data.length !== 1000 || !logits.data.every(Number.isFinite)) throw new Error('logits ' + logits.data)
await executor.dispose()
`
}

/** Libraries of others without which a package cannot be imported, in the versions that its tests use. */
function neededPeers({ peerDependencies = {}, peerDependenciesMeta = {}, devDependencies = {} }) {
  return Object.fromEntries(
    Object.keys(peerDependencies)
      .filter(
        (peer) => !peerDependenciesMeta[peer]?.optional && !devDependencies[peer]?.startsWith('workspace:'),
      )
      .map((peer) => [peer, devDependencies[peer]]),
  )
}

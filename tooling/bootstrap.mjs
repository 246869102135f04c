/**
 * Brings a fresh checkout to the point where its commands run: installs dependencies with the pinned pnpm, and builds
 * what has changed. Everything it prints goes to standard error, so that commands keep standard output for results.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const minimumNode = [20, 19]
const installStamp = join(root, 'node_modules/.mobileone-installed')
const binaries = join(root, 'node_modules/.bin')
/** turbo looks for the pinned pnpm on the path. */
const turboEnv = {
  PATH: `${binaries}${delimiter}${process.env.PATH}`,
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
}
const buildStamp = join(root, 'node_modules/.mobileone-built')

/** Run a command with its output on standard error; exit with its code when it fails. */
export function sh(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  })
  if (result.error) {
    console.error(`cannot run ${command}: ${result.error.message}`)
    process.exit(1)
  }
  if (result.status !== 0) process.exit(result.status ?? 1)
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < minimumNode[0] || (major === minimumNode[0] && minor < minimumNode[1])) {
    console.error(`Node ${minimumNode.join('.')} or newer is needed; this is ${process.versions.node}`)
    process.exit(1)
  }
}

/** Install dependencies unless the lockfile they were installed from is unchanged. */
export function install() {
  const digest = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .digest('hex')
  if (existsSync(installStamp) && readFileSync(installStamp, 'utf8') === digest) return
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  console.error(`installing dependencies with ${packageManager} …`)
  sh('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'], {
    ONNXRUNTIME_NODE_INSTALL: 'skip',
    CI: 'true',
    npm_config_loglevel: 'info',
  })
  writeFileSync(installStamp, digest)
}

/** Build every package whose sources are newer than the last build. */
export function build() {
  if (existsSync(buildStamp) && newestSource() <= statSync(buildStamp).mtimeMs) return
  const started = Date.now()
  console.error('building …')
  sh(
    join(binaries, 'turbo'),
    ['run', 'build', '--filter=!./examples/*', '--output-logs=errors-only'],
    turboEnv,
  )
  mkdirSync(dirname(buildStamp), { recursive: true })
  writeFileSync(buildStamp, new Date(started).toISOString())
}

/** What `MOBILEONE_PACKAGES` tells the command line: the folders of packages that have the libraries of others installed. */
export function libraryFolders() {
  return readdirSync(join(root, 'packages'))
    .filter((name) => name.startsWith('backend-'))
    .map((name) => join(root, 'packages', name))
    .join(delimiter)
}

function newestSource() {
  let newest = statSync(join(root, 'pnpm-lock.yaml')).mtimeMs
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (
        entry.name === 'node_modules' ||
        entry.name === 'dist' ||
        entry.name === 'generated' ||
        entry.name.startsWith('.')
      )
        continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) visit(path)
      else newest = Math.max(newest, statSync(path).mtimeMs)
    }
  }
  for (const group of ['packages', 'apps', 'tooling']) visit(join(root, group))
  return newest
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  checkNode()
  install()
}

/** `npm run release`: rehearses a release on a copy of the last commit, and publishes it only when told to. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { checkNode, root } from './bootstrap.mjs'
import { publishedPackages } from './manifests.mjs'

const help = `usage: npm run release -- --dry-run
       npm run release -- [--yes]

Rehearses on a copy of the last commit: states the next versions, builds, packs, checks, installs with npm, pnpm and
yarn from a registry of this machine. Prints a table, and ends with 1 where a step failed. The copy is removed.
It runs no tests: npm test does.

  --dry-run  stop there; nothing is published and nothing here is changed
  --yes      publish without asking, for CI; else a terminal is asked for the word "publish"
  --help     print this

Publishing takes a commit with versions stated (npm run version-packages), a clean working tree, and npm's
credentials.`

const windows = process.platform === 'win32'

/** Programs of the step in progress: an interruption ends them. */
let running

/** Run a program in `cwd`; its standard output, or an error with the last of what it printed. */
function run(cwd, program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      shell: windows,
      detached: !windows,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running = child
    const text = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (part) => {
        text[stream] += part
      })
    }
    child.on('error', reject)
    child.on('close', (code) => {
      running = undefined
      if (code === 0) return resolve(text.stdout)
      const error = new Error(`${[program, ...args].join(' ')} ended with ${code}`)
      error.output = `${text.stdout}\n${text.stderr}`.trim().slice(-20_000)
      error.summary = complaintOf(text.stderr.trim() || text.stdout.trim()) ?? error.message
      reject(error)
    })
  })
}

/** The line that tells the most: that of an error, where one says so, and else the first. */
function complaintOf(text) {
  const lines = text.split('\n').map((line) => line.trim())
  return (lines.find((line) => /\berr(or)?\b|\bERR_/i.test(line)) ?? lines.find(Boolean))?.slice(0, 120)
}

function endRunning() {
  if (!running?.pid) return
  try {
    if (windows) running.kill()
    else process.kill(-running.pid, 'SIGTERM')
  } catch {
    // It has ended by itself.
  }
}

function git(...args) {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr.trim()}`)
  return stdout.trim()
}

/** The steps of a rehearsal in `tree`; each gives what is told of it, and nothing follows a `needed` one that failed. */
function steps(tree) {
  const node = (...args) => run(tree, process.execPath, args)
  const count = (text, pattern) => text.match(pattern)?.length ?? 0
  return [
    {
      name: 'dependencies',
      needed: true,
      work: async () => {
        await node('tooling/bootstrap.mjs')
        return 'as the lockfile states'
      },
    },
    {
      name: 'versions',
      needed: true,
      work: async () => {
        const changesets = waiting(tree).length
        if (changesets === 0) return `no changeset waits; ${versionsIn(tree)}`
        await run(tree, 'npm', ['run', 'version-packages'])
        return `${changesets} changesets: ${versionsIn(tree)}`
      },
    },
    {
      name: 'build',
      needed: true,
      work: async () => {
        await node('tooling/build.mjs')
        return 'every package and app'
      },
    },
    {
      name: 'packed packages',
      work: async () => {
        const text = await node('tooling/check-packages.mjs')
        const budgets = count(text, / bytes gzipped of /g)
        return `metadata, publint, are-the-types-wrong, imports, licences; ${budgets} size budgets`
      },
    },
    {
      name: 'nothing unused',
      work: async () => {
        await run(tree, 'npm', ['run', '--silent', 'unused'])
        return 'knip: files and dependencies'
      },
    },
    {
      name: 'types',
      work: async () => {
        const text = await node('tooling/check-types.mjs')
        return `${count(text, /: no errors$/gm)} pairs of TypeScript and surroundings`
      },
    },
    ...['npm', 'pnpm', 'yarn'].map((manager) => ({
      name: `install with ${manager}`,
      work: async () => (await node('tooling/registry/try-install.mjs', manager)).trim(),
    })),
  ]
}

/** Changesets without a version. */
function waiting(tree) {
  return readdirSync(join(tree, '.changeset')).filter((file) => file.endsWith('.md') && file !== 'README.md')
}

function versionsIn(tree) {
  const counts = new Map()
  for (const { name } of publishedPackages()) {
    const { version } = JSON.parse(readFileSync(join(tree, 'packages', name, 'package.json'), 'utf8'))
    counts.set(version, (counts.get(version) ?? 0) + 1)
  }
  return [...counts].map(([version, packages]) => `${packages} packages ${version}`).join(', ')
}

/** True where every step passed; prints as it goes, and a table at the end. */
async function rehearse() {
  const started = Date.now()
  const commit = git('rev-parse', '--short', 'HEAD')
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'mobileone-release-'))
  const tree = join(folder, 'tree')
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  const interrupted = () => {
    endRunning()
    remove()
    process.exit(130)
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  const rows = []
  try {
    git('clone', '--quiet', '--shared', root, tree)
    let goesOn = true
    for (const { name, needed, work } of steps(tree)) {
      if (!goesOn) {
        rows.push([name, 'not begun', '', ''])
        continue
      }
      process.stderr.write(`${name} … `)
      const begun = Date.now()
      try {
        const told = await work()
        rows.push([name, 'passed', seconds(begun), told])
        console.error(`passed, ${seconds(begun)}`)
      } catch (error) {
        rows.push([name, 'FAILED', seconds(begun), error.summary ?? error.message])
        console.error(`FAILED, ${seconds(begun)}\n\n${error.message}\n${error.output ?? ''}\n`)
        goesOn = !needed
      }
    }
  } finally {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
    remove()
  }
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)))
  console.log(`\n${commit}, rehearsed on a copy in ${seconds(started)}:\n`)
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  return rows.every(([, outcome]) => outcome === 'passed')
}

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(0)} s`
}

async function isConfirmed() {
  if (!process.stdin.isTTY) {
    console.error('nothing is published without a terminal to ask; --yes publishes without asking')
    return false
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const word = await lines.question('Publish these versions to npm? Type "publish": ')
  lines.close()
  return word.trim() === 'publish'
}

/** Publish what the registry has not; npm's exit code. */
function publish() {
  const binaries = join(root, 'node_modules/.bin')
  const inherited = { cwd: root, stdio: 'inherit', shell: windows }
  const built = spawnSync(process.execPath, [join(root, 'tooling/build.mjs')], inherited)
  if (built.status !== 0) return built.status ?? 1
  // changesets looks for pnpm on the path.
  const env = { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH}` }
  return spawnSync(join(binaries, 'changeset'), ['publish'], { ...inherited, env }).status ?? 1
}

async function main() {
  const { values } = parseArgs({
    options: {
      'dry-run': { type: 'boolean' },
      yes: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  checkNode()
  const isClean = git('status', '--porcelain') === ''
  if (values['dry-run']) {
    if (!isClean) console.error('what is not committed is left out')
    return (await rehearse()) ? 0 : 1
  }
  if (!isClean) throw new Error('the working tree has changes: commit or remove them first')
  const changesets = waiting(root).length
  if (changesets > 0) {
    throw new Error(
      `${changesets} changesets wait: npm run version-packages states their versions; commit that first`,
    )
  }
  if (!(await rehearse())) return 1
  if (!values.yes && !(await isConfirmed())) return 1
  return publish()
}

process.exitCode = await main().catch((error) => {
  console.error(error.message)
  return 1
})

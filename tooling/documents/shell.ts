import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseOptions } from '../../apps/benchmark/src/options.ts'
import { type Command, parseArguments } from '../../packages/cli/src/command.ts'
import { type Block, place } from './blocks.ts'
import { root } from './exports.ts'

/** Programs that are not of this project, and what of them stands in the documents. */
export const foreignPrograms: Readonly<Record<string, string>> = {
  'apt-get': "Debian's packages",
  cd: 'the shell',
  cp: 'the shell',
  mkdir: 'the shell',
  xcrun: "Apple's tools",
  torchrun: 'PyTorch',
  curl: 'the client of HTTP',
  wrangler: "Cloudflare's tools",
  bun: 'another runtime',
  deno: 'another runtime',
}

/** Commands by name, from the files of the command line. */
export async function cliCommands(): Promise<Map<string, Command>> {
  const folder = join(root, 'packages/cli/src/commands')
  const found = new Map<string, Command>()
  for (const file of readdirSync(folder)) {
    const module = (await import(join(folder, file))) as Record<string, unknown>
    for (const value of Object.values(module)) {
      if (typeof value === 'object' && value !== null && 'positionals' in value && 'run' in value) {
        const command = value as Command
        found.set(command.name, command)
      }
    }
  }
  return found
}

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest

/** Everything of this workspace that can be installed, and everything that its manifests name. */
function installable(): Set<string> {
  const found = new Set<string>()
  const folders = ['packages', 'apps', 'examples'].filter((folder) => existsSync(join(root, folder)))
  for (const folder of folders.flatMap((each) =>
    readdirSync(join(root, each)).map((name) => `${each}/${name}`),
  )) {
    if (!existsSync(join(root, folder, 'package.json'))) continue
    const { name, private: isPrivate, ...manifest } = manifestOf(folder)
    if (!isPrivate) found.add(name)
    for (const dependencies of [manifest.dependencies, manifest.devDependencies, manifest.peerDependencies]) {
      for (const each of Object.keys(dependencies ?? {})) {
        if (!each.startsWith('@mobileone/')) found.add(each)
      }
    }
  }
  return found
}

/** Checks commands of this project: that scripts, packages, commands and flags are there, and take such values. */
export class ShellCheck {
  readonly #commands: ReadonlyMap<string, Command>
  readonly #installable = installable()

  constructor(commands: ReadonlyMap<string, Command>) {
    this.#commands = commands
  }

  /** What is wrong with a command, or undefined. */
  async problem(command: readonly string[], block: Block): Promise<string | undefined> {
    try {
      await this.#check(command, block)
      return undefined
    } catch (error) {
      return `${place(block)}: ${command.join(' ')}: ${(error as Error).message}`
    }
  }

  async #check(command: readonly string[], block: Block): Promise<void> {
    const [program = '', ...rest] = command.filter((word, index) => index > 0 || !/^\w+=/.test(word))
    if (/^\w+=/.test(program)) return this.#check(command.slice(1), block)
    switch (program) {
      case 'mobileone':
        return this.#cli(rest)
      case 'npx': {
        const [name, ...args] = rest.filter((word) => word !== '--yes' && word !== '-y')
        if (name === '@mobileone/cli' || name === 'mobileone') return this.#cli(args)
        if (this.#installable.has(name ?? '') || Object.hasOwn(foreignPrograms, name ?? '')) return
        throw new Error(`no manifest names a package "${name}"`)
      }
      case 'npm':
        return this.#npm(rest, block)
      default:
        if (!Object.hasOwn(foreignPrograms, program)) {
          throw new Error(
            `nobody knows "${program}": make it a command of this project, or name it in foreignPrograms`,
          )
        }
    }
  }

  async #cli(args: readonly string[]): Promise<void> {
    const [name = '', ...rest] = args
    const command = this.#commands.get(name)
    if (!command) throw new Error(`there is no command "${name}"`)
    await parseArguments(command, rest)
  }

  async #npm(args: readonly string[], block: Block): Promise<void> {
    const [verb, ...rest] = args
    if (verb === 'i' || verb === 'install') {
      for (const name of rest.filter((word) => !word.startsWith('-'))) {
        if (!this.#installable.has(name.replace(/(?<=.)@[^/]*$/, ''))) {
          throw new Error(`no published package and no dependency is called "${name}"`)
        }
      }
      return
    }
    // What npm makes a folder by.
    if (verb === 'init' || verb === 'create') return
    const words = verb === 'run' ? rest.filter((word) => word !== '-s') : [verb ?? '', ...rest]
    const [script = '', ...given] = words
    const scripts = this.#scriptsFor(block)
    if (!Object.hasOwn(scripts, script)) throw new Error(`there is no npm script "${script}"`)
    const flags = given[0] === '--' ? given.slice(1) : given
    const text = scripts[script] ?? ''
    if (text.includes('packages/cli/')) await this.#cli(flags)
    else if (text.includes('apps/benchmark/')) parseOptions(flags)
    else this.#flagsIn(text, flags)
  }

  /** The scripts where a document's reader is: in the app that was just made, in an example's folder, else at the root. */
  #scriptsFor({ document, text }: Block): Readonly<Record<string, string>> {
    if (/^npm create mobileone /m.test(text)) {
      return manifestOf('packages/create-mobileone/templates/vanilla').scripts ?? {}
    }
    const folder = document.startsWith('examples/') ? dirname(document) : '.'
    return { ...manifestOf('.').scripts, ...manifestOf(folder).scripts }
  }

  /** Other scripts parse with `parseArgs`, whose table their source holds; that of a built file is its module. */
  #flagsIn(script: string, flags: readonly string[]): void {
    const path = /[\w./-]+\.mjs$/.exec(script)?.[0]?.replace(/\/dist\/(.*)\.mjs$/, '/src/$1.ts')
    for (const flag of flags.filter((word) => word.startsWith('--'))) {
      const source = path ? readFileSync(join(root, path), 'utf8') : ''
      const name = flag.slice(2)
      if (!new RegExp(`^ +'?${name}'?: \\{ type: `, 'm').test(source))
        throw new Error(`${path ?? script} has no ${flag}`)
    }
  }
}

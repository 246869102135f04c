/**
 * Type-checks a file that imports every entry point of every packed package, installed into an empty project without any
 * optional peer: strict, no `skipLibCheck`, by several compilers, in several surroundings. `--short` checks each
 * compiler and each surroundings once instead of all pairs.
 */
import { spawn } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './bootstrap.mjs'
import { installPacked } from './install-packed.mjs'

/** The oldest compiler that users may have, the last of each line since, and the newest. */
const compilers = {
  5.4: 'tooling/node_modules/typescript-5.4',
  5.9: 'tooling/node_modules/typescript-5.9',
  '6.0': 'node_modules/typescript',
  '7.0': 'tooling/node_modules/typescript-7.0',
}

/**
 * What a program runs in, as its compiler options say, and what it may then rely on. Only with TensorFlow.js are the
 * declarations of others not checked: its own have errors.
 */
const surroundings = {
  node: {
    options: { lib: ['es2022'], types: ['node'], module: 'nodenext', moduleResolution: 'nodenext' },
    program: "export const readable: ImageSource = Buffer.from('')\n",
  },
  dom: {
    options: { lib: ['es2022', 'dom', 'dom.iterable'], types: [] },
    program: `export const seen = (image: HTMLImageElement, video: HTMLVideoElement): ImageSource[] => [image, video]
// @ts-expect-error: a paragraph is no picture
export const unseen = (paragraph: HTMLParagraphElement): ImageSource => paragraph
`,
  },
  webworker: {
    options: { lib: ['es2022', 'webworker'], types: [] },
    program: 'export const drawn = (canvas: OffscreenCanvas): ImageSource => canvas\n',
  },
  tfjs: {
    options: {
      lib: ['es2022', 'dom'],
      types: [],
      skipLibCheck: true,
      paths: {
        '@tensorflow/tfjs-core': [join(root, 'packages/backend-tfjs/node_modules/@tensorflow/tfjs-core')],
      },
    },
    program: `import type { TfjsModel } from '@mobileone/backend-tfjs'
export type Exact = Is<IsAny<ReturnType<TfjsModel>[string]> extends false ? true : false>
`,
  },
}

/** Each compiler and each surroundings at least once. */
const short = ['5.4 node', '5.9 webworker', '6.0 tfjs', '7.0 dom']

const program = `import { createClassifier } from '@mobileone/sdk'
import type { ImageSource } from '@mobileone/vision'

type IsAny<T> = 0 extends 1 & T ? true : false
type Is<T extends true> = T
export type Imports = Is<IsAny<ImageSource> extends false ? true : false>
export const open: (picture: ImageSource) => Promise<string> = async (picture) => {
  const classifier = await createClassifier({ model: 's0' })
  const [best] = await classifier.classify(picture, { topK: 1 })
  await classifier[Symbol.asyncDispose]()
  return best?.label ?? ''
}
// @ts-expect-error: a number is no picture
open(1)
// @ts-expect-error: this object is no picture
open({ secret: 1 })
open('picture.jpg')
open(new Uint8Array(4))
`

/** Specifiers of everything that can be imported and has types, and the source text that imports it all. */
function importAll(packages) {
  // Bindings need the types of their framework, and those need the DOM's: they are checked with the sources.
  const unbound = packages.filter(
    ({ manifest: { peerDependencies = {} } }) => !(peerDependencies.react || peerDependencies.vue),
  )
  const specifiers = unbound.flatMap(({ manifest }) =>
    Object.entries(manifest.exports ?? {})
      .filter(([, target]) => typeof target === 'object' && JSON.stringify(target).includes('"types"'))
      .map(([path]) => `${manifest.name}${path.slice(1)}`),
  )
  const lines = specifiers.map((specifier, index) => `import * as all${index} from '${specifier}'`)
  return `${lines.join('\n')}\nexport const all = [${specifiers.map((_, index) => `all${index}`).join(', ')}]`
}

function compile(compiler, project, file) {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(root, compiler, 'bin/tsc'), '-p', file, '--pretty', 'false'],
      {
        cwd: project,
      },
    )
    let text = ''
    child.stdout.on('data', (part) => {
      text += part
    })
    child.stderr.on('data', (part) => {
      text += part
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, text: text.trim() }))
  })
}

/** The complaints of the chosen compilers, each with the pair it came from. */
export async function checkTypes({ only, keep = false } = {}) {
  const wanted = Object.keys(compilers)
    .flatMap((compiler) => Object.keys(surroundings).map((where) => `${compiler} ${where}`))
    .filter((pair) => !only || only.includes(pair))
  const { project, packages } = installPacked({ '@types/node': join(root, 'node_modules/@types/node') })
  const complaints = []
  try {
    const imports = importAll(packages)
    for (const [where, { program: more }] of Object.entries(surroundings)) {
      writeFileSync(join(project, `${where}.ts`), `${imports}\n${program}${more}`)
    }
    const queue = [...wanted]
    const work = async () => {
      for (let pair = queue.shift(); pair; pair = queue.shift()) {
        const [compiler, where] = pair.split(' ')
        if (!existsSync(join(root, compilers[compiler])))
          throw new Error(`TypeScript ${compiler} is not installed`)
        const file = `tsconfig.${compiler}-${where}.json`
        const compilerOptions = {
          target: 'es2022',
          module: 'esnext',
          moduleResolution: 'bundler',
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          noEmit: true,
          ...surroundings[where].options,
        }
        writeFileSync(join(project, file), JSON.stringify({ compilerOptions, files: [`${where}.ts`] }))
        const { code, text } = await compile(compilers[compiler], project, file)
        console.log(`TypeScript ${compiler}, ${where}: ${code === 0 ? 'no errors' : `exit code ${code}`}`)
        if (code !== 0) complaints.push(`TypeScript ${compiler}, ${where}:\n${text}`)
      }
    }
    await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work))
  } finally {
    if (keep) console.log(project)
    else rmSync(project, { recursive: true, force: true })
  }
  return complaints
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const complaints = await checkTypes({
    only: process.argv.includes('--short') ? short : undefined,
    keep: process.argv.includes('--keep'),
  })
  for (const complaint of complaints) console.error(complaint)
  process.exitCode = complaints.length > 0 ? 1 : 0
}

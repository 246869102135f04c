import { parseArgs } from 'node:util'
import { MobileOneError, type Variant, variants } from '@mobileone/core'
import { type Protocol, type ProtocolName, protocol, protocolNames } from '@mobileone/measure'
import { type StudyName, studyNames } from '@mobileone/measure/studies'
import { gpuLineup, int8Lineup, lineup, type RuntimeName } from './lineup.ts'
import { platforms, thisPlatform } from './portable-gpu-benchmark/write-folder.ts'
import { type AdapterChoice, adapterChoices } from './runtimes/adapter.ts'

export interface Options {
  readonly variants: readonly Variant[]
  /** Measure the networks of these studies in place of the variants, and read off what they say. */
  readonly studies: readonly StudyName[]
  /** Fewer networks of the studies. */
  readonly quick: boolean
  /** Of the networks of the studies, only these. */
  readonly networks: readonly string[] | undefined
  /** A Markdown file whose places for studies, or for tables, are filled. */
  readonly write: string | undefined
  readonly contenders: readonly string[]
  readonly runtimes: readonly RuntimeName[]
  readonly threads: readonly number[]
  readonly protocol: Protocol
  readonly precision: readonly PrecisionName[]
  /** A folder of labelled photographs. */
  readonly photos: string | undefined
  /** Files that other projects' tools have quantised. */
  readonly int8Files: { readonly onnx?: string | undefined; readonly tflite?: string | undefined }
  /** Measure WebGPU on such an adapter, in place of the CPU. */
  readonly adapter: AdapterChoice | undefined
  /** Write the benchmark for Dawn in Node there, and measure nothing. */
  readonly gpuFolder: { readonly path: string; readonly platform: string } | undefined
  readonly weights: string | undefined
  readonly output: string | undefined
  readonly from: string | undefined
  /** Compare the document of `from` with this one. */
  readonly compare: string | undefined
  readonly format: 'text' | 'json' | 'markdown' | 'svg'
  readonly serve: { readonly port: number; readonly host: string } | undefined
  /** Write the site there, and measure nothing. */
  readonly site: string | undefined
}

/** What networks are measured in. */
export type PrecisionName = 'float32' | 'int8'
const precisionNames: readonly PrecisionName[] = ['float32', 'int8']

const runtimeNames: readonly RuntimeName[] = ['chromium', 'firefox', 'webkit', 'node']
const usualRuntimes: readonly RuntimeName[] = ['chromium', 'node']
const variantNames = Object.keys(variants) as Variant[]
const names = lineup.map(({ name }) => name)
const int8Names = int8Lineup.map(({ name }) => name)
const gpuNames = gpuLineup.map(({ name }) => name)

/** Enough for a study on the CPU, in minutes: those that everyone compares with. */
const studyContenders = ['mobileone-wasm', 'ort-wasm']

const specs = {
  study: { type: 'string', short: 's' },
  networks: { type: 'string' },
  write: { type: 'string' },
  variants: { type: 'string', short: 'v' },
  contenders: { type: 'string', short: 'c' },
  runtimes: { type: 'string', short: 'r' },
  threads: { type: 'string', short: 't' },
  protocol: { type: 'string', short: 'p' },
  runs: { type: 'string', short: 'n' },
  rounds: { type: 'string' },
  trim: { type: 'string' },
  precision: { type: 'string' },
  photos: { type: 'string' },
  'int8-onnx': { type: 'string' },
  'int8-tflite': { type: 'string' },
  starts: { type: 'string' },
  'from-bytes': { type: 'boolean' },
  quick: { type: 'boolean', short: 'q' },
  gpu: { type: 'boolean', short: 'g' },
  adapter: { type: 'string' },
  'gpu-folder': { type: 'string' },
  platform: { type: 'string' },
  weights: { type: 'string', short: 'w' },
  output: { type: 'string', short: 'o' },
  json: { type: 'boolean' },
  markdown: { type: 'boolean' },
  svg: { type: 'boolean' },
  from: { type: 'string' },
  compare: { type: 'string' },
  serve: { type: 'boolean' },
  site: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

export const help: string = `npm run bench -- [options]

Measures MobileOne's WebAssembly backend beside the alternatives, in headless Chromium and in a current Node, on this
machine. Everyone runs the same networks (the deploy form, float32, batch 1, 224 x 224) on the same input with as many
threads, is checked against the reference first, has a page or a process of its own, and takes turns with the others.

What is measured
  -v, --variants <names>     Of ${variantNames.join(', ')} (default all of them)
  -c, --contenders <names>   Of ${names.join(', ')} (default all)
      --precision <names>    Of ${precisionNames.join(', ')} (default float32). int8: ${int8Names.join(', ')}
                             beside our float32; S0 with the real weights and photographs of ../shared/golden where they
                             are, others with random weights, which are as fast
  -r, --runtimes <names>     Of ${runtimeNames.join(', ')} (default ${usualRuntimes.join(',')}). Firefox is
                             /usr/bin/firefox-esr (MOBILEONE_FIREFOX), webkit WebKitGTK's MiniBrowser (MOBILEONE_WEBKIT)
  -t, --threads <numbers>    Numbers of threads (default 1,2)
  -g, --gpu                  WebGPU: ${gpuNames.join(', ')},
                             S0 unless --variants says otherwise, in one Chromium on the same adapter
      --adapter <name>       Of ${adapterChoices.join(', ')} (default auto: SwiftShader, the software adapter, only where
                             Chromium finds no GPU)
  -w, --weights <file>       Real weights in place of seeded random ones: a safetensors or PyTorch file of any variant,
                             which is then the only one measured. A file of mobileone quantize is measured as it is
      --photos <folder>      With --weights: labelled photographs (names or folders begin with the synset). int8 is
                             calibrated on 16 of them, and everyone's right answers on the others are counted
      --int8-onnx <file>     With --precision int8: measure this file too, in ONNX Runtime Web; it is of the same weights,
                             by other tools (apps/benchmark/recipes/quantize-rivals.py)
      --int8-tflite <file>   The same for LiteRT.js

  -s, --study <names>        The paper's studies in place of --variants: ${studyNames.slice(0, 4).join(', ')},
                             ${studyNames.slice(4).join(', ')}, or all; in Chromium on one thread with
                             ${studyContenders.join(' and ')}, unless the options above say otherwise
      --networks <names>     Of the networks of the study, only these: s0, mobilenetv2_100, probe_dense_silu

How
  -q, --quick                S0 and S1, few runs: two minutes; with --study, few of its networks
  -p, --protocol <name>      default     contenders take turns run by run; median and 95th percentile
                             modelbench  as Apple's ModelBench: 20 rounds of 50, the model made anew in each, 10 lowest
                                         and 10 highest of a round left out, mean of the rounds' means
                             paper       the least of 1000 runs
  -n, --runs <n>             Timed runs of each: in all, or of a round for modelbench (default 30, 50, 1000; 10 with --gpu)
      --rounds <n>           Rounds (default: one a run, 20, one for 10 runs)
      --trim <n>             Samples left out at each end of a round
      --starts <n>           Fresh starts of each, of which load, compile and first are medians (default 3); with --study
                             all networks are gone through so many times (default 2)
      --from-bytes           Only fresh starts (--starts of them, default 10): from the model's bytes in memory, and
                             nothing else, to the first result

What comes of it
  -o, --output <file>        The JSON document (default benchmark-results/<time>.json)
      --json                 Print the JSON document instead of the table
      --markdown             Print Markdown instead of the table, as in docs/benchmarks.md
      --svg                  Print a picture of it
      --from <file>          Measure nothing; print the JSON document of an earlier run, with --study what it says to that
      --write <file>         Fill the places of the Markdown file between <!-- bench NAME --> and <!-- /bench -->: engines is
                             what each runtime makes of our kernels and how much it could, as in docs/benchmarks.md; speed
                             everyone's figures, and gpu those of --gpu, as in docs/comparison.md. With --study those
                             between <!-- study NAME --> and <!-- /study -->, as in docs/study.md
      --compare <file>       With --from: print both side by side, with the confidence interval of each ratio
      --serve                Serve the benchmark page instead, for this browser or another device
      --port <n>, --host <address>   Where (default 8080, 127.0.0.1)
      --site <folder>        Write the site as files for any server, the runtimes' own included; apps/benchmark/README.md
                             tells which headers it wants
      --gpu-folder <folder>  Write a folder that measures our WebGPU backend in Node (Dawn) and needs nothing else, to be
                             carried to a machine with a GPU
      --platform <name>      Of that machine: ${platforms().join(', ')}
                             (default this one's)

Columns
  median, p95     milliseconds of one run, from input in memory to logits in memory
  × ours          that time over ours in the same runtime with as many threads: above 1, ours is faster
  % peak          share of the multiply-adds the runtime's WebAssembly can do on as many threads, measured in between
  load, compile   starting the runtime; making the model ready. Where a runtime starts with its first model (ort-wasm),
                  compile has both. start = load + compile + first: what a user waits, fetching aside
  dispatches, submits, buffers made, uploaded, read
                  with --gpu: what one run asks of WebGPU, counted in the same way for all
  memory, wire    what the contender holds after the last run; bytes of its own files, weights aside
  error           largest difference from the reference's logits, in int8 from the reference's in integers
  precision, top-1   with int8: what a lane computed in, and its right answers of 100 photographs

Examples
  npm run bench -- --quick
  npm run bench -- --variants s0,s4 --contenders mobileone-wasm,ort-wasm --runtimes chromium --threads 1
  npm run bench -- --from-bytes --variants s0
  npm run bench -- --precision int8 --variants s0 --runtimes chromium
  npm run bench -- --runtimes chromium,firefox,webkit,node --variants s0 --contenders mobileone-wasm
  npm run bench -- --gpu --variants s0,s1
  npm run bench -- --gpu-folder gpu-bench
  npm run bench -- --markdown --from benchmark-results/2026-01-31T12-00-00.json
  npm run bench -- --study zoo,predictors
  npm run bench -- --study activations --contenders mobileone-wasm --runtimes node --markdown
  npm run bench -- --study all --from benchmark-results/2026-01-31T12-00-00.json --write docs/study.md
  npm run bench -- --serve
`

/** @throws MobileOneError `invalid-argument`, naming the option and what it takes. Undefined asks for the help. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parse(args)
  if (values.help) return undefined
  const quick = values.quick ?? false
  const gpu = values.gpu ?? false
  const fromBytes = values['from-bytes'] ?? false
  const name = choose('protocol', values.protocol ?? 'default', protocolNames)[0] as ProtocolName
  const runs = fromBytes ? 0 : whole('runs', values.runs, 1)
  const asked = values.study === undefined ? [] : studyNamesOf(values.study)
  const isStudy = asked.length > 0
  const starts = whole('starts', values.starts, 1) ?? (fromBytes ? 10 : quick ? 1 : isStudy ? 2 : 3)
  if (fromBytes && (name !== 'default' || values.runs !== undefined)) {
    throw fail('--from-bytes measures only starts: leave --protocol and --runs out (--starts tells how many)')
  }
  const formats = (['json', 'markdown', 'svg'] as const).filter((each) => values[each])
  if (formats.length > 1) throw fail(`--${formats[0]} and --${formats[1]} exclude each other`)
  if (values.compare !== undefined && (values.from === undefined || formats.some((each) => each !== 'json')))
    throw fail('--compare needs --from, and prints text or, with --json, JSON')
  if (gpu && (values.runtimes !== undefined || values.threads !== undefined)) {
    throw fail('--gpu measures in Chromium on one thread: leave --runtimes and --threads out')
  }
  if (values.adapter !== undefined && !gpu) throw fail('--adapter needs --gpu')
  const folder = values['gpu-folder']
  if (values.site === '') throw fail('--site takes the name of a folder')
  if (folder === '') throw fail('--gpu-folder takes the name of a folder')
  if (values.platform !== undefined && folder === undefined) throw fail('--platform needs --gpu-folder')
  if (folder !== undefined && values.weights !== undefined) {
    throw fail('--gpu-folder carries random weights, which may go anywhere: leave --weights out')
  }
  if (
    isStudy &&
    (fromBytes || values.weights !== undefined || values.variants !== undefined || folder !== undefined)
  )
    throw fail(
      '--study says what is measured: leave --variants, --weights, --from-bytes and --gpu-folder out',
    )
  if (!isStudy && values.networks !== undefined)
    throw fail('--networks needs --study; of MobileOne: --variants')
  const precision = choose('precision', values.precision ?? 'float32', precisionNames)
  const isInt8 = precision.includes('int8')
  if (isInt8 && (gpu || isStudy || folder !== undefined))
    throw fail('--precision int8 measures on the processor: leave --gpu, --study and --gpu-folder out')
  if (values.photos !== undefined && values.weights === undefined)
    throw fail('--photos needs --weights: random weights name no photograph')
  const int8Files = { onnx: values['int8-onnx'], tflite: values['int8-tflite'] }
  if (!isInt8 && (int8Files.onnx !== undefined || int8Files.tflite !== undefined))
    throw fail('--int8-onnx and --int8-tflite need --precision int8')
  const known = gpu ? gpuNames : isInt8 ? [...names, ...int8Names] : names
  const all = gpu || folder !== undefined ? 's0' : quick ? 's0,s1' : variantNames.join()
  const few = isStudy ? 10 : gpu ? 10 : undefined
  const usual = isStudy
    ? gpu
      ? gpuNames.slice(0, 2)
      : studyContenders
    : isInt8 && !precision.includes('float32')
      ? ['mobileone-wasm', ...int8Names]
      : known
  const chosen = choose('variants', values.variants ?? all, variantNames)
  if (folder !== undefined && chosen.length > 1)
    throw fail('--gpu-folder carries one network: name one variant')
  const isFile = Object.values(int8Files).some((file) => file !== undefined)
  if (isFile && values.weights === undefined && chosen.length > 1)
    throw fail('--int8-onnx and --int8-tflite are of one network: name it with --variants or --weights')
  return {
    variants: chosen,
    studies: asked,
    quick,
    networks: values.networks === undefined ? undefined : list(values.networks),
    write: values.write,
    contenders: choose('contenders', values.contenders ?? usual.join(), known),
    runtimes: gpu
      ? ['chromium']
      : choose('runtimes', values.runtimes ?? (isStudy ? 'chromium' : usualRuntimes.join()), runtimeNames),
    threads: gpu
      ? [1]
      : list(values.threads ?? (isStudy ? '1' : '1,2')).map((text) => whole('threads', text, 1) as number),
    protocol: protocol(name, {
      runs: runs ?? (name === 'default' ? (quick ? (gpu || isStudy ? 3 : 12) : few) : undefined),
      rounds: whole('rounds', values.rounds, 1),
      trim: whole('trim', values.trim, 0),
      starts,
    }),
    precision,
    photos: values.photos,
    int8Files,
    adapter: gpu
      ? (choose('adapter', values.adapter ?? 'auto', adapterChoices)[0] as AdapterChoice)
      : undefined,
    gpuFolder: folder === undefined ? undefined : { path: folder, platform: values.platform ?? thisPlatform },
    weights: values.weights,
    output: values.output,
    from: values.from,
    compare: values.compare,
    format: formats[0] ?? 'text',
    serve: values.serve
      ? { port: whole('port', values.port, 0) ?? 8080, host: values.host ?? '127.0.0.1' }
      : undefined,
    site: values.site,
  }
}

function parse(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof specs }>> {
  try {
    return parseArgs({ args: [...args], options: specs })
  } catch (error) {
    throw fail((error as Error).message.split('. ')[0] ?? '')
  }
}

function choose<T extends string>(option: string, given: string, known: readonly T[]): T[] {
  const chosen = list(given)
  const unknown = chosen.find((item) => !known.includes(item as T))
  if (unknown !== undefined || chosen.length === 0) {
    throw fail(`--${option} takes ${known.join(', ')}; there is no "${unknown ?? ''}"`)
  }
  return chosen as T[]
}

function studyNamesOf(given: string): StudyName[] {
  return given.trim() === 'all' ? [...studyNames] : choose('study', given, studyNames)
}

function list(given: string): string[] {
  return [...new Set(given.split(',').map((item) => item.trim()))].filter((item) => item !== '')
}

function whole(option: string, given: string | undefined, least: number): number | undefined {
  if (given === undefined) return undefined
  const number = Number(given)
  if (!Number.isSafeInteger(number) || number < least) {
    throw fail(`--${option} takes whole numbers of at least ${least}; got "${given}"`)
  }
  return number
}

function fail(message: string): MobileOneError {
  return new MobileOneError('invalid-argument', `${message} (npm run bench -- --help tells more)`)
}

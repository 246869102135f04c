import type { WeightCache } from '../cache.ts'
import { inSlices } from '../in-slices.ts'
import type { Pace, Platform } from '../platform.ts'
import { node } from './builtins.ts'
import { diskCache } from './disk-cache.ts'
import { readFile } from './read-file.ts'

const sliceBytes = 2 ** 20

export const nodePlatform: Platform = {
  name: 'node',
  env: (name) => node.process.env[name] || undefined,
  async sha256(bytes: Uint8Array, pace: Pace): Promise<string> {
    const hash = node.crypto.createHash('sha256')
    await inSlices(bytes, sliceBytes, pace, (slice) => hash.update(slice))
    return hash.digest('hex')
  },
  defaultCache(): { cache: WeightCache } | { reason: string } {
    const directory = cacheDirectory()
    if (directory !== undefined) return { cache: diskCache(directory) }
    return { reason: 'there is no home directory; set MOBILEONE_CACHE to a directory' }
  },
  toPath(source: string): string | undefined {
    return /^file:/i.test(source) ? node.url.fileURLToPath(source) : source
  },
  async isFile(path: string): Promise<boolean> {
    return node.fs.stat(path).then(
      (stat) => stat.isFile(),
      () => false,
    )
  },
  readFile,
  seesRedirects: true,
  sendsAnyHeader: true,
}

/** MOBILEONE_CACHE, XDG_CACHE_HOME (absolute, as its specification demands), or where the platform keeps caches. */
function cacheDirectory(): string | undefined {
  const { env, platform } = node.process
  const { path, os } = node
  if (env.MOBILEONE_CACHE) return path.resolve(env.MOBILEONE_CACHE)
  if (env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME)) {
    return path.join(env.XDG_CACHE_HOME, 'mobileone')
  }
  if (platform === 'win32' && env.LOCALAPPDATA) return path.join(env.LOCALAPPDATA, 'mobileone', 'Cache')
  let home: string
  try {
    home = os.homedir()
  } catch {
    return undefined
  }
  if (!path.isAbsolute(home)) return undefined
  if (platform === 'win32') return path.join(home, 'AppData', 'Local', 'mobileone', 'Cache')
  return platform === 'darwin'
    ? path.join(home, 'Library', 'Caches', 'mobileone')
    : path.join(home, '.cache', 'mobileone')
}

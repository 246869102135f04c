import type { CachedWeights, CacheEntry, WeightCache } from '../cache.ts'
import { node } from './builtins.ts'
import { diskPartialFiles } from './disk-partial-files.ts'
import { hashOfKey, namesIn, unlessMissing, writeAtomically } from './files.ts'

const staleAfterMs = 7 * 24 * 3600 * 1000

/**
 * `blobs/<sha256>` holds a file's bytes and `entries/<hash of key>.json` says which blob a key means. Both are written
 * under a temporary name and renamed, and a blob's name is its content, so processes that write at once cannot mix.
 */
export function diskCache(directory: string): WeightCache {
  const { fs, path } = node
  const root = path.resolve(directory)
  const entries = path.join(root, 'entries')
  const blobs = path.join(root, 'blobs')
  const unfinished = path.join(root, 'unfinished')
  const entryPath = (key: string): string => path.join(entries, `${hashOfKey(key)}.json`)
  const blobPath = (sha256: string): string => path.join(blobs, sha256)

  const list = async (): Promise<CacheEntry[]> => {
    const names = (await namesIn(entries)).filter((name) => name.endsWith('.json'))
    const found = await Promise.all(names.map((name) => readEntry(path.join(entries, name))))
    return found.filter((entry) => entry !== undefined)
  }
  const dropUnused = async (sha256: string): Promise<void> => {
    const isUsed = (await list()).some((entry) => entry.sha256 === sha256)
    if (!isUsed) await fs.rm(blobPath(sha256), { force: true })
  }

  return {
    name: root,
    async get(key: string): Promise<CachedWeights | undefined> {
      const entry = await readEntry(entryPath(key))
      if (!entry || entry.key !== key) return undefined
      const bytes = await fs.readFile(blobPath(entry.sha256)).catch(unlessMissing)
      return bytes && { entry, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) }
    },
    async put(entry: CacheEntry, bytes: Uint8Array): Promise<void> {
      const before = await readEntry(entryPath(entry.key))
      await writeAtomically(blobPath(entry.sha256), bytes)
      await writeAtomically(entryPath(entry.key), `${JSON.stringify(entry, null, 2)}\n`)
      if (before && before.sha256 !== entry.sha256) await dropUnused(before.sha256)
      await Promise.all([entries, blobs, unfinished].map((folder) => sweep(folder)))
    },
    async delete(key: string): Promise<boolean> {
      const entry = await readEntry(entryPath(key))
      await fs.rm(entryPath(key), { force: true })
      if (!entry) return false
      await dropUnused(entry.sha256)
      return true
    },
    list,
    async clear(): Promise<void> {
      await Promise.all(
        [entries, blobs, unfinished].map((folder) => fs.rm(folder, { recursive: true, force: true })),
      )
    },
    partials: diskPartialFiles(unfinished),
  }
}

/** The entry in `file`; undefined where there is none, or something else than an entry of this program. */
async function readEntry(file: string): Promise<CacheEntry | undefined> {
  const text = await node.fs.readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const entry = JSON.parse(text) as CacheEntry
    return typeof entry.key === 'string' && /^[0-9a-f]{64}$/.test(entry.sha256) ? entry : undefined
  } catch {
    return undefined
  }
}

/** Remove what crashed processes left. */
async function sweep(folder: string): Promise<void> {
  const { fs, path } = node
  for (const name of await namesIn(folder)) {
    if (!/\.(tmp|part)$/.test(name)) continue
    const file = path.join(folder, name)
    const stat = await fs.stat(file).catch(unlessMissing)
    if (stat && Date.now() - stat.mtimeMs > staleAfterMs) await fs.rm(file, { force: true })
  }
}

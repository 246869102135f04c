import type { Variant } from '@mobileone/core'
import { knownSources, openDefaultCache } from '@mobileone/hub'
import { isZooName, publishedSource } from '@mobileone/zoo'
import { defineCommand, UsageError } from '../command.ts'
import { jsonFlag, sha256Flag } from '../flags.ts'
import { fetchFor } from '../session.ts'
import { formatBytes, printJson, printLine, table } from '../terminal.ts'

export const pull = defineCommand({
  name: 'pull',
  summary: 'Download weights into the cache for later commands to use offline, or list or clear the cache.',
  details:
    'An interrupted download resumes where it stopped. The published weights of MobileOne are licensed by Apple, not by this project:\nhttps://github.com/apple/ml-mobileone/blob/main/LICENSE',
  positionals: '[variant|url|hub id]',
  minPositionals: 0,
  maxPositionals: 1,
  flags: {
    list: { type: 'boolean', short: 'l', help: 'List what is cached' },
    clear: { type: 'boolean', help: 'Delete everything that is cached' },
    sha256: sha256Flag,
    json: jsonFlag,
  },
  examples: ['mobileone pull s0', 'mobileone pull timm/mobileone_s1.apple_in1k', 'mobileone pull --list'],
  async run([source], flags) {
    if (flags.list || flags.clear) {
      if (source !== undefined) throw new UsageError('--list and --clear take no source')
      if (flags.list && flags.clear) throw new UsageError('--list and --clear exclude each other')
      await manage(flags)
      return
    }
    if (source === undefined)
      throw new UsageError(
        'say what to download: a variant (s0 … s4), a network of the zoo (resnet18 …), a URL or a hub id',
      )
    const id = isZooName(source)
      ? publishedSource(source)
      : Object.hasOwn(knownSources, source)
        ? knownSources[source as Variant].hub
        : source
    const { bytes, sha256, source: origin, fromCache } = await fetchFor(id, flags)
    if (flags.json) printJson({ source: origin, bytes: bytes.length, sha256, fromCache })
    else
      printLine(
        `${origin}\n  ${formatBytes(bytes.length)}, sha-256 ${sha256}${fromCache ? ', already in the cache' : ''}`,
      )
  },
})

async function manage(flags: { readonly clear: boolean; readonly json: boolean }): Promise<void> {
  const cache = await openDefaultCache()
  const entries = await cache.list()
  if (flags.clear) await cache.clear()
  if (flags.json) printJson({ cache: cache.name, ...(flags.clear ? { deleted: entries } : { entries }) })
  else if (entries.length === 0) printLine(`${cache.name} is empty`)
  else {
    printLine(`${flags.clear ? 'Deleted from' : 'In'} ${cache.name}:`)
    printLine(
      table(
        ['source', 'size', 'sha-256', 'saved'],
        entries.map(({ key, size, sha256, savedAt }) => [
          key,
          formatBytes(size),
          sha256.slice(0, 16),
          savedAt,
        ]),
        [1],
      ),
    )
  }
}

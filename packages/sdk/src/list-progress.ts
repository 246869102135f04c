import type { ImageSources } from '@mobileone/vision'
import type { ListOptions } from './run-options.ts'

/** `items`, telling `onProgress` of each before it is given out. */
export function reported<T>(
  items: AsyncGenerator<T, void, undefined>,
  phase: string,
  images: ImageSources,
  { onProgress }: ListOptions = {},
): AsyncGenerator<T, void, undefined> {
  return onProgress ? counted(items, phase, sizeOf(images), onProgress) : items
}

async function* counted<T>(
  items: AsyncGenerator<T, void, undefined>,
  phase: string,
  total: number | undefined,
  onProgress: NonNullable<ListOptions['onProgress']>,
): AsyncGenerator<T, void, undefined> {
  let done = 0
  const known = (): object => (total ? { total, fraction: Math.min(1, done / total) } : {})
  for await (const item of items) {
    done++
    onProgress({ phase, done, ...known() })
    yield item
  }
}

/** Of lists, sets and maps; undefined of what only its end tells. */
function sizeOf(images: ImageSources): number | undefined {
  const { length, size } = images as { readonly length?: unknown; readonly size?: unknown }
  return [length, size].find((count) => typeof count === 'number')
}

import { MobileOneError } from './errors.ts'

/** The module of a foreign library, or a function that imports it; a CommonJS library may stand under `default`. */
export type LibrarySource<Library> = Library | (() => Promise<Library | { readonly default: Library }>)

/** What {@link importLibrary} has to know of a library. */
export interface LibraryFacts<Library> {
  /** The backend that needs it: the beginning of every message. */
  readonly backend: string
  /** The packages that hold it, for messages: `onnxruntime-web or onnxruntime-node`. */
  readonly packages: string
  /** What to install where it is missing. Default `packages`. */
  readonly install?: string
  /** An example of what `lib` may be. */
  readonly example: string
  /** True for the library itself. */
  readonly matches: (module: Partial<Library>) => boolean
}

/**
 * The library behind a backend's option `lib`.
 * @throws MobileOneError `unavailable` naming the packages to install, `invalid-argument` for another module.
 */
export async function importLibrary<Library extends object>(
  source: LibrarySource<Library>,
  { backend, packages, install = packages, example, matches }: LibraryFacts<Library>,
): Promise<Library> {
  let loaded: Library | { readonly default: Library }
  try {
    loaded = typeof source === 'function' ? await (source as () => Promise<Library>)() : source
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new MobileOneError(
      'unavailable',
      `${backend}: the library could not be loaded (${words}); install ${install}`,
      { cause },
    )
  }
  for (const module of [loaded, (loaded as { readonly default?: Library } | undefined)?.default]) {
    if (typeof module === 'object' && module !== null && matches(module as Library)) return module as Library
  }
  throw new MobileOneError(
    'invalid-argument',
    `${backend}: \`lib\` must be the module ${packages}, or a function such as ${example}`,
  )
}

/** A registry that is served on this machine. */
export interface Registry {
  /** With a slash at the end. */
  readonly url: string
  /** The packages of this project that it has. */
  readonly packages: readonly { readonly name: string; readonly version: string }[]
  /** Lines of an `.npmrc` that take only this project's scoped packages from it. */
  readonly npmrc: string
  close(): Promise<void>
}

/**
 * Pack all published packages, as built, and serve them beside those of the configured registry.
 * @throws Error where packing fails or the registry does not start.
 */
export function openRegistry(): Promise<Registry>

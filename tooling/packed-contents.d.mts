type Manifest = Readonly<Record<string, unknown>>

export function missingFacts(manifest: Manifest): string[]
export function undeclaredImports(folder: string, manifest: Manifest): string[]
export function bundledIn(folder: string): string[]
export function packageOf(path: string): string | undefined
export function missingNotices(folder: string, bundled: readonly string[]): string[]

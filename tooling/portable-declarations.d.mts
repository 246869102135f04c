export function portableDeclarations(code: string, optionalPeers?: readonly string[]): string

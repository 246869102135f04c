/** What most pages never need: errors, lists, videos, responses. */
export const rare = (): Promise<typeof import('./rare.ts')> => import('./rare.ts')

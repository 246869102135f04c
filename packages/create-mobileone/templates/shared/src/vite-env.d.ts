/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Which model, from `.env`: see README.md. */
  readonly VITE_MODEL?: string
}

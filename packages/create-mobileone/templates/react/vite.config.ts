import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { headers } from './vite-headers.ts'

export default defineConfig({
  base: './',
  plugins: [react()],
  server: { headers },
  preview: { headers },
})

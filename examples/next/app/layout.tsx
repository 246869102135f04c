import type { ReactNode } from 'react'

export const metadata = { title: 'What is in a picture', icons: 'data:,' }

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}

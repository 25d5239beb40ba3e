import '@mantine/core/styles.css';
import '@mantine/spotlight/styles.css';
import './theme/app.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { makeClient } from './api/client';
import { makeRouter } from './router';
import { cssVariables, theme } from './theme/theme';

const client = makeClient();
const colors = localStorageColorSchemeManager({ key: 'headrace-colors' });

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto" colorSchemeManager={colors}>
        <RouterProvider router={makeRouter(client)} />
      </MantineProvider>
    </QueryClientProvider>
  </StrictMode>,
);

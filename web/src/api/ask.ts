import { call, type Call, type Method } from './http';
import type { components, paths } from './schema';

/** The API's types by the names that its document gives them. */
export type Schemas = components['schemas'];

type Lower = { GET: 'get'; POST: 'post'; PUT: 'put'; PATCH: 'patch'; DELETE: 'delete' };
type Operation<M extends Method, R extends keyof paths> = Lower[M] extends keyof paths[R] ? paths[R][Lower[M]] : never;
type JSONOf<X> = X extends { content: { 'application/json': infer J } } ? J : undefined;
type Success<X> = X extends { responses: infer A } ? JSONOf<A[Extract<keyof A, 200 | 201 | 202 | 204>]> : never;
type Routes<M extends Method> = { [R in keyof paths]: Operation<M, R> extends { responses: unknown } ? R : never }[keyof paths];
type Part<X, K extends 'path' | 'query'> = X extends { parameters: { [k in K]?: infer P } } ? P : undefined;
type Body<X> = X extends { requestBody: { content: { 'application/json': infer B } } } ? { body: B } : X extends { requestBody?: { content: { 'application/json': infer B } } } ? { body?: B } : { body?: never };

/** What an operation takes, as the document says. */
export type Asking<M extends Method, R extends keyof paths> = Omit<Call, 'path' | 'query' | 'body'> &
  Body<Operation<M, R>> & { path?: Part<Operation<M, R>, 'path'> & Call['path']; query?: Part<Operation<M, R>, 'query'> & Call['query'] };

/** ask calls an operation of the API: route, input and answer are those of its OpenAPI document. */
export function ask<M extends Method, R extends Routes<M>>(method: M, route: R, c?: Asking<M, R>): Promise<Success<Operation<M, R>>> {
  return call<Success<Operation<M, R>>>(method, route, c as Call);
}

/**
 * Must run before any schema is made: zod otherwise tries once whether it may compile code, which the content security
 * policy refuses and reports.
 */
import { config } from 'zod';

config({ jitless: true });

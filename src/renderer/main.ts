import './no-eval.ts';

// in a part of its own: a bundle runs all that it shares with others, schemas among them, before its own first line
void import('./mount.ts');

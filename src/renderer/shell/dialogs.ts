/** Questions to the person that any part of the interface can ask and wait for. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { useApp } from '../stores/app.ts';
import { host } from '../stores/host.ts';

export interface ConfirmQuestion {
  title: string;
  text: string;
  /** what the button does, in words: `Delete run` */
  action: string;
  danger?: boolean;
}
export type PathKind = 'project' | 'folder' | 'recipe' | 'configuration' | 'model' | 'images';
export interface PathQuestion {
  kind: PathKind;
  title: string;
}
interface Open<Question, Answer> {
  question: Question;
  answer: (answer: Answer) => void;
}

export const useDialogs = defineStore('dialogs', () => {
  const confirming = shallowRef<Open<ConfirmQuestion, boolean> | null>(null);
  const picking = shallowRef<Open<PathQuestion, string | null> | null>(null);
  const palette = shallowRef(false);
  const sheet = shallowRef(false);
  /** the dialog for a new project: with the name of a sample, or with a recipe of one's own, as its template */
  const newProject = shallowRef<{ template: string | null; recipe?: Recipe } | null>(null);
  /** something is being dragged over the window */
  const dragging = shallowRef(false);

  function confirm(question: ConfirmQuestion): Promise<boolean> {
    return new Promise((resolve) => {
      confirming.value = {
        question,
        answer: (answer) => {
          confirming.value = null;
          resolve(answer);
        },
      };
    });
  }
  /** Asks for a file or folder: with the system's dialog where the host has one. Null when it was cancelled. */
  async function choosePath(question: PathQuestion): Promise<string | null> {
    if ((await useApp().facts()).nativeDialogs) return host().dialogs.open(question);
    return new Promise((resolve) => {
      picking.value = {
        question,
        answer: (answer) => {
          picking.value = null;
          resolve(answer);
        },
      };
    });
  }
  /** Saves text under a name that the person chooses; a download in the browser host. @returns where, or null when cancelled */
  async function saveText(file: { name: string; content: string; title: string; type?: string }): Promise<string | null> {
    const { name, content, title, type = 'text/plain' } = file;
    if (useApp().info?.nativeDialogs) return host().dialogs.saveText({ name, content, title });
    download(name, new Blob([content], { type }));
    return name;
  }

  return { confirming, picking, palette, sheet, newProject, dragging, confirm, choosePath, saveText };
});

/** Hands a file to the browser's downloads. */
export function download(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// An activity of this team: tickets that were answered become questions and documents. The newest quarter is what the model is tested on.
import { readFile, writeFile } from 'node:fs/promises';

interface Ticket {
  id: number;
  question: string;
  resolution: string;
}

/** Writes the two files that fine-tuning reads (LlamaIndex's format), and returns their paths. */
export async function collectTickets(from: string, folder: string): Promise<{ train: string; test: string }> {
  const tickets = JSON.parse(await readFile(from, 'utf8')) as Ticket[];
  const documents = [...new Set(tickets.map(({ resolution }) => resolution))];
  const write = async (name: string, part: Ticket[]): Promise<string> => {
    const dataset = {
      queries: Object.fromEntries(part.map(({ id, question }) => [`ticket-${id}`, question])),
      corpus: Object.fromEntries(documents.map((text, index) => [`answer-${index}`, text])),
      relevant_docs: Object.fromEntries(
        part.map(({ id, resolution }) => [`ticket-${id}`, [`answer-${documents.indexOf(resolution)}`]]),
      ),
      mode: 'text',
    };
    await writeFile(`${folder}/${name}.json`, JSON.stringify(dataset));
    return `${folder}/${name}.json`;
  };
  const newest = Math.floor(tickets.length * 0.75);
  return { train: await write('train', tickets.slice(0, newest)), test: await write('test', tickets.slice(newest)) };
}

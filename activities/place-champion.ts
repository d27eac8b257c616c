// Brings the champion's folder and the path that services load to what the history says, in the trainer.
import { resolveAllowedOutput } from '../src/sources/paths.js';
import type { PlaceChampionInput, PlacedChampion } from '../src/spec/retrain.js';
import type { Activities } from './activities.js';
import { demandName } from './allowed-name.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `placeChampion`. */
export function placeChampion(services: ActivityServices): Activities['placeChampion'] {
  return stageActivity<PlaceChampionInput, { champion?: PlacedChampion }>(services, {
    work: async (input, context) => {
      demandName(input.name, 'name');
      const outputDirectory = await resolveAllowedOutput(input.directory, services.settings.dataFolders);
      return services.trainers.call('placeChampion', { ...input, outputDirectory }, context);
    },
  });
}

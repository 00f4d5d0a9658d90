// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What {@code strace -f} saw of a {@link SavingProcess}: its syncs and its acknowledgements, in
 * their order.
 *
 * <p>A writer begins a save after it has printed the one before. So between two acknowledgements of
 * one writer there must be a sync that began and ended there, whichever thread made it.
 */
record SyncTrace(int syncs, int acks, List<String> acksWithoutSync) {
  private static final Pattern LINE = Pattern.compile("(\\d+) +(.*)");
  private static final Pattern ACK = Pattern.compile("write\\(1, \"(ack (\\d+) \\d+)\\\\n\".*");
  private static final Pattern SYNC = Pattern.compile("(fsync|fdatasync)\\(.*");
  private static final Pattern RESUMED = Pattern.compile("<\\.\\.\\. (fsync|fdatasync) resumed.*");

  static SyncTrace read(Path output) throws IOException {
    int syncs = 0;
    int acks = 0;
    int now = 0;
    int lastWholeSyncBegan = -1;
    var syncBegan = new HashMap<String, Integer>();
    Map<String, Integer> lastAck = new HashMap<>();
    var without = new ArrayList<String>();
    for (String line : Files.readAllLines(output)) {
      var parts = LINE.matcher(line);
      if (!parts.matches()) {
        continue;
      }
      now++;
      var thread = parts.group(1);
      var call = parts.group(2);
      var ack = ACK.matcher(call);
      if (SYNC.matcher(call).matches()) {
        syncBegan.put(thread, now);
      }
      boolean syncEnded = SYNC.matcher(call).matches() && !call.contains("unfinished")
          || RESUMED.matcher(call).matches();
      if (syncEnded && call.endsWith("= 0")) {
        syncs++;
        lastWholeSyncBegan = Math.max(lastWholeSyncBegan, syncBegan.getOrDefault(thread, -1));
      }
      if (ack.matches()) {
        acks++;
        if (lastWholeSyncBegan < lastAck.getOrDefault(ack.group(2), 0)) {
          without.add(ack.group(1));
        }
        lastAck.put(ack.group(2), now);
      }
    }
    return new SyncTrace(syncs, acks, without);
  }
}

// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.testkit.ManualTime;
import java.io.IOException;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What goes in comes out, for random data; a failure names its seed. */
class EnvelopeRoundTripTest {
  private static final int ROUNDS = 3_000;
  private static final String[] CHARACTERS = {
    "a", "Z", "0", " ", "\"", "\\", "/", "<", "&", "\n", "\u0001", "\u007f", "é", "\u2028",
    "\uffff", "😀"
  };

  private final Envelope envelope =
      new Envelope("shop", "bus", false, new Stamps(new ManualTime(), ZoneOffset.UTC), () -> "i");
  private final EventReader reader = new EventReader("bus", "orders", false, () -> "i");

  private ReceivedEvent through(String contentType, byte[] data) {
    return through(PublishOptions.defaults().contentType(contentType), data);
  }

  /** The event as it is read; handed over in memory without being read it is the same. */
  private ReceivedEvent through(PublishOptions options, byte[] data) {
    var written = envelope.write("orders", data, options);
    var read = reader.read(ScriptedMessage.of(written.json()));
    var sent = new OutgoingMessage("orders", written.json(), null, null);
    var handedOver = reader.read(new MemoryMessage(sent, written));
    assertThat(handedOver.attributes()).isEqualTo(read.attributes());
    assertThat(handedOver.data()).isEqualTo(read.data());
    assertThat(handedOver.members()).isEqualTo(read.members());
    assertThat(handedOver.envelope()).isEqualTo(read.envelope());
    return read;
  }

  @Test
  void attributesComeBack() {
    var names = List.of("id", "source", "type", "subject", "traceid", "traceparent", "tracestate");
    overSeeds((seed, random) -> {
      var options = PublishOptions.defaults();
      var given = new LinkedHashMap<String, String>();
      for (var name : names) {
        if (random.nextBoolean()) {
          // Half a surrogate pair, now and then, is written as the replacement character.
          given.put(name, text(random) + (random.nextInt(4) == 0 ? "\ud83d" : "x"));
          options = options.metadata("cloudevent." + name, given.get(name));
        }
      }
      if (random.nextBoolean()) {
        options = options.metadata("ttlInSeconds", "60");
      }
      var event = through(options, new byte[] {'t'});
      if (given.containsKey("traceparent")) {
        given.put("traceid", given.get("traceparent"));
      }
      given.forEach((name, value) -> assertThat(event.attribute(name))
          .as("seed %d, %s", seed, name)
          .isEqualTo(value.replaceAll("\ud83d(?![\udc00-\udfff])", "\ufffd")));
      assertThat(event.attributes().containsKey("expiration"))
          .as("seed %d", seed)
          .isEqualTo(options.metadata().containsKey("ttlInSeconds"));
    });
  }

  @Test
  void bytesComeBack() {
    overSeeds((seed, random) -> {
      byte[] data = new byte[random.nextInt(100)];
      random.nextBytes(data);
      assertThat(through("application/octet-stream", data).data())
          .as("seed %d", seed)
          .isEqualTo(data);
    });
  }

  @Test
  void textsComeBack() {
    overSeeds((seed, random) -> {
      String text = text(random);
      assertThat(through("text/plain", text.getBytes(UTF_8)).data())
          .as("seed %d", seed)
          .asString(UTF_8)
          .isEqualTo(text);
    });
  }

  @Test
  void jsonComesBackSortedAndMeansTheSame() {
    overSeeds((seed, random) -> {
      Object value = value(random, 4);
      var json = new StringBuilder();
      spell(value, json, random);
      var event = through("application/json", json.toString().getBytes(UTF_8));
      byte[] data = event.data();
      assertThat(data == null ? null : parsed(data)).as("seed %d", seed).isEqualTo(value);
      assertThat(event.members().get("data")).as("seed %d", seed).isEqualTo(value);
      if (data != null) {
        assertThat(through("application/json", data).envelope())
            .as("seed %d", seed)
            .isEqualTo(event.envelope());
      }
    });
  }

  private interface Round {
    void run(long seed, Random random);
  }

  private static void overSeeds(Round round) {
    long first = System.nanoTime();
    for (long seed = first; seed < first + ROUNDS; seed++) {
      try {
        round.run(seed, new Random(seed));
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static Object parsed(byte[] json) {
    try (var in = Json.parser(json, 0, json.length)) {
      in.nextToken();
      return Json.value(in, Json.Numbers.DOUBLES);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String text(Random random) {
    var text = new StringBuilder();
    for (int i = random.nextInt(20); i > 0; i--) {
      text.append(CHARACTERS[random.nextInt(CHARACTERS.length)]);
    }
    return text.toString();
  }

  private static Object value(Random random, int depth) {
    switch (random.nextInt(depth == 0 ? 4 : 6)) {
      case 0:
        return text(random);
      case 1:
        return (double) random.nextInt();
      case 2:
        return random.nextGaussian();
      case 3:
        return random.nextInt(3) == 0 ? null : (Object) random.nextBoolean();
      case 4:
        List<Object> list = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
          list.add(value(random, depth - 1));
        }
        return list;
      default:
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = random.nextInt(12); i > 0; i--) {
          map.put(text(random), value(random, depth - 1));
        }
        return map;
    }
  }

  /** One of the many ways to write the value. */
  private static void spell(Object value, StringBuilder json, Random random) {
    json.append(" \n\t\r".substring(0, random.nextInt(5)));
    if (value instanceof String text) {
      json.append('"');
      text.codePoints().mapToObj(Character::toString).forEach(c -> {
        char first = c.charAt(0);
        boolean escaped = first < 0x20 || first == '"' || first == '\\' || random.nextInt(4) == 0;
        json.append(
            escaped ? c.chars().mapToObj("\\u%04x"::formatted).collect(Collectors.joining()) : c);
      });
      json.append('"');
    } else if (value instanceof List<?> list) {
      json.append('[');
      for (int i = 0; i < list.size(); i++) {
        json.append(i == 0 ? "" : ",");
        spell(list.get(i), json, random);
      }
      json.append(']');
    } else if (value instanceof Map<?, ?> map) {
      json.append('{');
      int[] count = {0};
      map.forEach((name, member) -> {
        json.append(count[0]++ == 0 ? "" : ",");
        spell(name, json, random);
        json.append(':');
        spell(member, json, random);
      });
      json.append('}');
    } else {
      json.append(value);
    }
  }
}

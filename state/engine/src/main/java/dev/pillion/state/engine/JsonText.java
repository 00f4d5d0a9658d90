// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import dev.pillion.SerializationException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/** JSON texts that a caller hands over as bytes: UTF-8, one value. Numbers keep their digits. */
final class JsonText {
  private static final JsonFactory FACTORY = JsonFactory.builder()
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      // Dapr knows UTF-8 only, and so do the stores.
      .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
      .disable(JsonFactory.Feature.CHARSET_DETECTION)
      .build();

  private JsonText() {}

  /**
   * The same JSON without insignificant white space.
   *
   * @throws SerializationException when it is not one JSON text
   */
  static byte[] compact(byte[] json) {
    var out = new ByteArrayOutputStream(json.length);
    try (JsonParser in = FACTORY.createParser(json);
        JsonGenerator copy = FACTORY.createGenerator(out)) {
      if (in.nextToken() == null) {
        throw notJson("is empty");
      }
      copy(in, copy);
      if (in.nextToken() != null) {
        throw notJson("holds more than one JSON text");
      }
    } catch (JsonProcessingException e) {
      // The parser's own message quotes the payload.
      throw notJson(
          "is not JSON that can be stored (well formed, UTF-8, no name twice in an object, not nested too deeply)"
              + place(e));
    } catch (IOException e) {
      throw notJson("is not UTF-8 text");
    }
    return out.toByteArray();
  }

  /** Whether these bytes are a JSON text. */
  static boolean isJson(byte[] bytes) {
    try {
      compact(bytes);
      return true;
    } catch (SerializationException e) {
      return false;
    }
  }

  private static void copy(JsonParser in, JsonGenerator copy) throws IOException {
    int depth = 0;
    do {
      JsonToken token = in.currentToken();
      if (token.isNumeric()) {
        copy.writeNumber(in.getText());
      } else {
        copy.copyCurrentEvent(in);
      }
      depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
    } while (depth > 0 && in.nextToken() != null);
  }

  private static String place(JsonProcessingException e) {
    var location = e.getLocation();
    return location == null || location.getByteOffset() < 0
        ? ""
        : ", at byte " + location.getByteOffset();
  }

  private static SerializationException notJson(String why) {
    return new SerializationException("the value is marked as application/json but " + why, null);
  }
}

// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamReadException;
import dev.pillion.SerializationException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** JSON texts that a caller hands over as bytes. Numbers keep their digits. */
final class JsonText {
  private static final JsonFactory FACTORY =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

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
        throw new SerializationException(
            "the value is marked as application/json but is empty", null);
      }
      copy.copyCurrentStructureExact(in);
      if (in.nextToken() != null) {
        throw new SerializationException(
            "the value is marked as application/json but holds more than one JSON text", null);
      }
    } catch (StreamReadException e) {
      // The parser's own message quotes the payload.
      throw new SerializationException(
          "the value is marked as application/json but is not JSON, at byte "
              + e.getLocation().getByteOffset(),
          null);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}

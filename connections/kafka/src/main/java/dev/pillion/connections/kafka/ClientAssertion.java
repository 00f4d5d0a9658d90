// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.kafka;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.util.Base64;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** By which a client shows that it has its key: a JWT (RFC 7523), signed with RS256. */
final class ClientAssertion {
  private static final int LIFETIME_SECONDS = 60;

  private ClientAssertion() {}

  static String signed(
      PrivateKey key, @Nullable String keyId, String client, String audience, long nowSeconds) {
    var header = json(out -> {
      out.writeStringField("alg", "RS256");
      out.writeStringField("typ", "JWT");
      if (keyId != null) {
        out.writeStringField("kid", keyId);
      }
    });
    var claims = json(out -> {
      out.writeStringField("iss", client);
      out.writeStringField("sub", client);
      out.writeStringField("aud", audience);
      out.writeNumberField("iat", nowSeconds);
      out.writeNumberField("nbf", nowSeconds);
      out.writeNumberField("exp", nowSeconds + LIFETIME_SECONDS);
      out.writeStringField("jti", UUID.randomUUID().toString());
    });
    var text = base64(header.getBytes(StandardCharsets.UTF_8)) + "."
        + base64(claims.getBytes(StandardCharsets.UTF_8));
    try {
      var signature = Signature.getInstance("SHA256withRSA");
      signature.initSign(key);
      signature.update(text.getBytes(StandardCharsets.US_ASCII));
      return text + "." + base64(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the key of the client's assertion can't sign", e);
    }
  }

  private interface Fields {
    void writeTo(JsonGenerator out) throws IOException;
  }

  private static String json(Fields fields) {
    var text = new StringWriter();
    try (var out = new JsonFactory().createGenerator(text)) {
      out.writeStartObject();
      fields.writeTo(out);
      out.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}

// Any octets as the value of a filter: what is written holds nothing that could mean something in a
// filter, libldap understands it, and the value it understands is the one that was given. Comparing
// DNs must stand any text.
#include <cstdint>
#include <cstdlib>
#include <lber.h>
#include <ldap.h>
#include <memory>
#include <string>

#include "workers/auth/method/ldap/distinguished_name.h"
#include "workers/auth/method/ldap/filter.h"

extern "C" int ldap_pvt_put_filter(BerElement* ber, const char* filter);

namespace {

using namespace bulkhead::auth;

void require(bool holds) {
  if (!holds) std::abort();
}

// The value of an equality match in its BER encoding: [3] { attribute, value }.
std::string understood(const std::string& filter) {
  const std::unique_ptr<BerElement, void (*)(BerElement*)> ber(
      ber_alloc_t(LBER_USE_DER), [](BerElement* element) { ber_free(element, 1); });
  require(ldap_pvt_put_filter(ber.get(), filter.c_str()) == 0);
  berval* bytes = nullptr;
  require(ber_flatten(ber.get(), &bytes) == 0);
  const std::unique_ptr<BerElement, void (*)(BerElement*)> reader(
      ber_init(bytes), [](BerElement* element) { ber_free(element, 1); });
  berval attribute{};
  berval value{};
  ber_len_t length = 0;
  require(ber_peek_tag(reader.get(), &length) == LDAP_FILTER_EQUALITY);
  require(ber_scanf(reader.get(), "{mm}", &attribute, &value) != LBER_ERROR);
  require(std::string(attribute.bv_val, attribute.bv_len) == "uid");
  std::string out(value.bv_val, value.bv_len);
  ber_bvfree(bytes);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string value(reinterpret_cast<const char*>(data), size);
  const std::string escaped = escape_filter_value(value);
  require(escaped.find_first_of(std::string_view("()*\0 ", 5)) == std::string::npos);
  const std::string filter = fill_filter("(uid=%s)", value);
  if (size > 0 && size < 4096) require(understood(filter) == value);
  const std::string dn = normalised_dn(value);
  require(is_dn(value) == (!dn.empty() && value.find('=') != std::string::npos));
  compared_attribute(value);
  return 0;
}

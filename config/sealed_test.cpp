// Sealed secrets: what opens them, and what does not.
#include "config/sealed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "config/testing.h"

namespace bulkhead::config {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Sealed, OpensWithItsKeyOnly) {
  const platform::Secret key = new_sealing_key(), other = new_sealing_key();
  const std::string sealed = seal("hunter2", key);
  EXPECT_TRUE(sealed.starts_with("enc:"));
  EXPECT_EQ(sealed.find("hunter2"), std::string::npos);
  EXPECT_EQ(unseal(sealed, key)->reveal(), "hunter2");
  EXPECT_FALSE(unseal(sealed, other));
  EXPECT_NE(seal("hunter2", key), sealed);
  EXPECT_EQ(unseal(seal("", key), key)->reveal(), "");
}

TEST(Sealed, NothingCanBeChanged) {
  const platform::Secret key = new_sealing_key();
  const std::string sealed = seal("hunter2", key);
  for (std::size_t at = sealed_prefix.size(); at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(unseal(changed, key)) << at;
  }
  for (const char* text : {"", "enc:", "enc:AAAA", "hunter2", "enc:%%%%"})
    EXPECT_FALSE(unseal(text, key)) << text;
}

class SealedInConfig : public ::testing::Test {
 protected:
  void SetUp() override {
    key_ = new_sealing_key();
    path_ = folder_.write("secret.key", std::string(key_.reveal()) + "\n");
    ::chmod(path_.c_str(), 0600);
  }
  LoadResult load_with_password(const std::string& password) {
    LoadOptions options;
    options.environment = [](std::string_view) { return std::optional<std::string>(); };
    options.file = folder_.write(
        "config.yaml",
        "server: {auth: {mode: ldap, ldap: {server: 'ldaps://h', base_dn: dc=x, bind_dn: cn=y, "
        "bind_password: '" +
            password + "'}}}\n");
    return load(options);
  }
  testing::Folder folder_;
  platform::Secret key_;
  std::string path_;
};

TEST_F(SealedInConfig, IsOpenedWithTheKeyBesideTheFile) {
  const LoadResult result = load_with_password(seal("hunter2", key_));
  ASSERT_TRUE(result.config) << ::testing::PrintToString(testing::texts(result.diagnostics));
  EXPECT_EQ(result.config->server.auth.ldap.bind_password.reveal(), "hunter2");
  EXPECT_THAT(result.files_read, Contains(path_));
}

TEST_F(SealedInConfig, SaysWhatIsWrongAndNothingElse) {
  const std::string sealed = seal("hunter2", key_);
  const auto complaint = [&] {
    const LoadResult result = load_with_password(sealed);
    EXPECT_FALSE(result.config);
    return testing::texts(result.diagnostics);
  };
  ::chmod(path_.c_str(), 0644);
  EXPECT_THAT(complaint(), Contains(HasSubstr("others may read")));
  ::chmod(path_.c_str(), 0600);
  folder_.write("secret.key", std::string(new_sealing_key().reveal()));
  EXPECT_THAT(complaint(), Contains(HasSubstr("another key")));
  folder_.write("secret.key", "not a key");
  EXPECT_THAT(complaint(), Contains(HasSubstr("holds no key")));
  ::unlink(path_.c_str());
  EXPECT_THAT(complaint(), Contains(HasSubstr("cannot be read")));
  EXPECT_THAT(complaint(), Each(Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace bulkhead::config

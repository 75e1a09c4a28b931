package showcase

import (
	"fmt"
	"strings"
)

// greetings is the demo's message in the languages it speaks; everybody else is written to in English. %[1]s is the receiver's
// name, %[2]s the city, %[3]s the plan.
var greetings = []struct{ language, text string }{
	{"ar", "مرحبًا %[1]s! تحياتنا إلى %[2]s. باقتك: %[3]s."},
	{"bn", "নমস্কার %[1]s! %[2]s-তে শুভেচ্ছা। আপনার প্ল্যান: %[3]s।"},
	{"de", "Hallo %[1]s! Grüße nach %[2]s. Ihr Tarif: %[3]s."},
	{"el", "Γεια σας %[1]s! Η πόλη σας: %[2]s. Το πρόγραμμά σας: %[3]s."},
	{"es", "¡Hola, %[1]s! Saludos a %[2]s. Tu plan: %[3]s."},
	{"fa", "سلام %[1]s! شهر شما: %[2]s. طرح شما: %[3]s."},
	{"fr", "Bonjour %[1]s ! Nos salutations à %[2]s. Votre offre : %[3]s."},
	{"he", "שלום %[1]s! העיר שלך: %[2]s. התוכנית שלך: %[3]s."},
	{"hi", "नमस्ते %[1]s! %[2]s को हमारा सलाम। आपका प्लान: %[3]s।"},
	{"id", "Halo %[1]s! Salam untuk %[2]s. Paket Anda: %[3]s."},
	{"it", "Ciao %[1]s! Saluti a %[2]s. Il tuo piano: %[3]s."},
	{"ja", "%[1]sさん、こんにちは！%[2]sの皆さまへ、ご挨拶申し上げます。ご利用プラン：%[3]s"},
	{"ko", "%[1]s님, 안녕하세요! %[2]s에 인사를 전합니다. 이용 중인 요금제: %[3]s"},
	{"pl", "Cześć %[1]s! Pozdrowienia: %[2]s. Twój plan: %[3]s."},
	{"pt", "Olá, %[1]s! Saudações para %[2]s. O seu plano: %[3]s."},
	{"ru", "Здравствуйте, %[1]s! Ваш город: %[2]s. Ваш тариф: %[3]s."},
	{"ta", "வணக்கம் %[1]s! உங்கள் நகரம்: %[2]s. உங்கள் திட்டம்: %[3]s."},
	{"th", "สวัสดี %[1]s! เมืองของคุณ: %[2]s แพ็กเกจของคุณ: %[3]s"},
	{"tr", "Merhaba %[1]s! Şehriniz: %[2]s. Paketiniz: %[3]s."},
	{"uk", "Вітаємо, %[1]s! Ваше місто: %[2]s. Ваш тариф: %[3]s."},
	{"ur", "السلام علیکم %[1]s! آپ کا شہر: %[2]s۔ آپ کا پلان: %[3]s۔"},
	{"vi", "Xin chào %[1]s! Gửi lời chào đến %[2]s. Gói của bạn: %[3]s."},
	{"zh", "%[1]s，您好！向%[2]s的您问好。您的套餐：%[3]s。"},
}

const (
	english = "Hello %[1]s! Greetings to %[2]s. Your plan: %[3]s."
	// signature ends every message; its first character keeps it apart from right-to-left text.
	signature = " — {{ sender.name }}"
)

// messageText is the template of the demo's message.
func messageText() string {
	var text strings.Builder
	say := func(greeting string) {
		fmt.Fprintf(&text, greeting, "{{ receiver.name }}", "{{ receiver.address.city }}", "{{ receiver.plan }}")
	}
	for i, g := range greetings {
		keyword := "elif"
		if i == 0 {
			keyword = "if"
		}
		fmt.Fprintf(&text, "{%% %s receiver.language == %q %%}", keyword, g.language)
		say(g.text)
	}
	text.WriteString("{% else %}")
	say(english)
	text.WriteString("{% endif %}" + signature)
	return text.String()
}

// expectedText is what messageText must have become for one person.
func expectedText(p person) string {
	greeting := english
	for _, g := range greetings {
		if g.language == p.Language {
			greeting = g.text
		}
	}
	return fmt.Sprintf(greeting, p.Name, p.Address.City, p.Plan) + strings.ReplaceAll(signature, "{{ sender.name }}", senderName)
}
